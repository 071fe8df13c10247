"""Flaws of others in regular expressions: rows N6 and N7 of docs/known-flaws.md."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants as words  # type: ignore[attr-defined]  # the parser's own, private since 3.11
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import ostiary

# Longer than this, a repetition within a repetition takes as long as an endless one.
SHORT = 64


def patterns() -> Iterator[tuple[str, str]]:
    """Every compiled pattern that a module of ours keeps, by its name."""
    for module in pkgutil.walk_packages(ostiary.__path__, "ostiary."):
        if ".versions" in module.name or module.name.endswith(("__main__", ".env")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield f"{module.name}.{name}", value.pattern


FOUND = dict(patterns())


def is_led_by_a_separator(parsed: Any) -> bool:  # noqa: ANN401 - the parser's own
    """Whether each round begins with a letter that nothing else in it can be: then there is one way to read it."""
    operation, argument = parsed[0]
    if operation is words.SUBPATTERN:
        return is_led_by_a_separator(argument[-1])
    return operation is words.LITERAL and not any(may_be(chr(argument), item) for item in parsed[1:])


def may_be(letter: str, item: Any) -> bool:  # noqa: ANN401 - the parser's own
    operation, argument = item
    if operation in {words.MAX_REPEAT, words.MIN_REPEAT}:
        return any(may_be(letter, each) for each in argument[-1])
    if operation is words.IN:
        return any(may_be(letter, each) for each in argument)
    if operation is words.RANGE:
        return bool(argument[0] <= ord(letter) <= argument[1])
    return operation is not words.LITERAL or argument == ord(letter)


def repeats_within_repeats(parsed: Any, *, is_within: bool = False) -> bool:  # noqa: ANN401 - the parser's own
    for operation, argument in parsed:
        if operation in {words.MAX_REPEAT, words.MIN_REPEAT}:
            _, most, inner = argument
            is_long = most == words.MAXREPEAT or most > SHORT
            if is_long and not is_within and is_led_by_a_separator(inner):
                if repeats_within_repeats(inner):
                    return True
                continue
            if (is_long and is_within) or repeats_within_repeats(inner, is_within=is_within or is_long):
                return True
        elif operation is words.SUBPATTERN:
            if repeats_within_repeats(argument[-1], is_within=is_within):
                return True
        elif operation is words.BRANCH and any(
            repeats_within_repeats(each, is_within=is_within) for each in argument[1]
        ):
            return True
    return False


def test_finds_the_patterns() -> None:
    assert len(FOUND) > 20
    assert "ostiary.applications.credentials.SECRET" in FOUND


@pytest.mark.parametrize("name", FOUND)
def test_n6_takes_no_time_that_grows_faster_than_its_input(name: str) -> None:
    assert not repeats_within_repeats(parser.parse(FOUND[name])), FOUND[name]


@pytest.mark.parametrize("name", FOUND)
def test_n7_lets_no_second_line_through(name: str) -> None:
    """`$` also matches before a line's end; ours end with \\Z, or are not about a whole text."""
    assert not any(
        operation is words.AT and argument is words.AT_END for operation, argument in parser.parse(FOUND[name])
    )


@pytest.mark.parametrize("careless", [r"(a+)+b", r"(?:x*y*)*", r"([a-z]+ ?)*$", r"(a[a-z]*)*$"])
def test_would_find_a_careless_one(careless: str) -> None:
    assert repeats_within_repeats(parser.parse(careless))
