"""A file is read in one sitting and a function at one glance."""

import ast

from tests.house.tree import functions, python_sources, told

FILE_LINES = 300
FUNCTION_LINES = 40


def oversized(path: str, source: str) -> list[str]:
    broken = []
    lines = len(source.splitlines())
    if lines > FILE_LINES:
        broken.append(f"{path} has {lines} lines, {FILE_LINES} are the most; split it by topic, with a new doorplate.")
    for function in functions(ast.parse(source)):
        length = (function.end_lineno or 0) - function.lineno + 1
        if length > FUNCTION_LINES:
            broken.append(
                f"{path}:{function.lineno}: {function.name} has {length} lines, {FUNCTION_LINES} are the most; "
                "give its steps names of their own."
            )
    return broken


def test_keeps_files_and_functions_small() -> None:
    broken = [each for path, source in python_sources().items() for each in oversized(path, source)]
    assert not broken, told(broken)


def test_complains_about_a_file_and_a_function_that_grew() -> None:
    grown = "def grown():\n" + "    1\n" * FUNCTION_LINES
    assert len(oversized("planted.py", grown)) == 1
    assert len(oversized("planted.py", "class Shelf:\n" + "".join(f"  {line}" for line in grown.splitlines(True)))) == 1
    assert len(oversized("planted.py", "1\n" * (FILE_LINES + 1))) == 1


def test_is_content_with_the_largest_allowed() -> None:
    largest = "def largest():\n" + "    1\n" * (FUNCTION_LINES - 1)
    assert oversized("planted.py", largest + "1\n" * (FILE_LINES - FUNCTION_LINES)) == []
