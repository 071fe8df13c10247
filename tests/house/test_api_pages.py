"""docs/api has a page for each resource, on which every operation, parameter and member of the description stands."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ostiary.app import Ostiary
from ostiary.web import description
from tests.house.tree import HERE, told

pytestmark = pytest.mark.any_database

FOLDER = "docs/api"
OPERATION = re.compile(r"\b(GET|POST|PATCH|PUT|DELETE) (/api/[\w/{}]+)")
QUOTED = re.compile(r"`([^`\n]+)`")
# Told once, on the page about all of them.
COMMON = {"total", "page", "per_page", "objects", "Idempotency-Key"}

Document = Mapping[str, Any]


def resource(path: str) -> str:
    return path.split("/")[2]


def operations(document: Document) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        if path.startswith("/api/"):
            for method, operation in methods.items():
                yield method.upper(), path, operation


def members(document: Document, schema: object) -> set[str]:
    """The names of all members, however deep."""
    if isinstance(schema, list):
        return set().union(*(members(document, each) for each in schema))
    if not isinstance(schema, dict):
        return set()
    found = set(schema.get("properties", ()))
    for key, value in schema.items():
        if key == "$ref":
            found |= members(document, document["components"]["schemas"][value.rsplit("/", 1)[1]])
        elif key == "properties":
            found |= members(document, list(value.values()))
        elif key in {"items", "anyOf", "allOf"}:
            found |= members(document, value)
    return found


def names(document: Document, operation: Document) -> set[str]:
    """What somebody sends or gets when all goes well."""
    bodies = [operation.get("requestBody", {}), *(operation["responses"][s] for s in operation["responses"] if s < "3")]
    schemas = [content["schema"] for body in bodies for content in body.get("content", {}).values()]
    parameters = {each["name"] for each in operation.get("parameters", ()) if each["in"] != "path"}
    return members(document, schemas) | parameters


def differences(document: Document, pages: Mapping[str, str]) -> list[str]:
    broken = []
    described = set()
    for method, path, operation in operations(document):
        described.add((method, path))
        name = resource(path)
        page = pages.get(name, "")
        if (method, path) not in OPERATION.findall(page):
            broken.append(f"{FOLDER}/{name}.md does not tell about {method} {path}.")
        quoted = {word for part in QUOTED.findall(page) for word in re.findall(r"[\w-]+", part)}
        missing = sorted(names(document, operation) - quoted - COMMON)
        broken += [f"{FOLDER}/{name}.md does not tell about `{each}` of {method} {path}." for each in missing]
    for name, page in pages.items():
        unknown = set(OPERATION.findall(page)) - described
        broken += [
            f"{FOLDER}/{name}.md tells about {' '.join(each)}, which is not offered." for each in sorted(unknown)
        ]
    return broken


def read_pages() -> dict[str, str]:
    return {path.stem: path.read_text() for path in (HERE / FOLDER).glob("*.md")}


def test_tells_about_everything_that_is_offered(ostiary: Ostiary) -> None:
    broken = differences(description.document(ostiary.routes, "http://127.0.0.1"), read_pages())
    assert not broken, told(broken)


def test_tells_what_all_have_in_common() -> None:
    page = read_pages()["README"]
    assert {word for part in QUOTED.findall(page) for word in re.findall(r"[\w-]+", part)} >= COMMON


def test_lists_every_page(ostiary: Ostiary) -> None:
    document = description.document(ostiary.routes, "http://127.0.0.1")
    pages = read_pages()
    linked = set(re.findall(r"\]\((\w+)\.md\)", pages["README"]))
    assert linked == pages.keys() - {"README"} == {resource(path) for _, path, _ in operations(document)}


DOCUMENT: Document = {
    "paths": {
        "/api/banks": {
            "get": {
                "parameters": [{"name": "colour", "in": "query"}],
                "responses": {"200": {"content": {"json": {"schema": {"$ref": "#/x/Bank"}}}}, "404": {}},
            }
        }
    },
    "components": {"schemas": {"Bank": {"properties": {"name": {}, "place": {"properties": {"city": {}}}}}}},
}
PAGE = "| `GET /api/banks` | takes `colour` | `name`, `place` | `city` |"


def test_is_content_with_a_page_that_tells_everything() -> None:
    assert differences(DOCUMENT, {"banks": PAGE}) == []


@pytest.mark.parametrize(
    "page",
    [PAGE.replace(word, "nothing") for word in ("GET /api/banks", "colour", "name", "place", "city")]
    + [f"{PAGE} `DELETE /api/banks`"],
)
def test_complains_about_a_page_that_differs(page: str) -> None:
    assert len(differences(DOCUMENT, {"banks": page})) == 1


def test_complains_about_a_missing_page() -> None:
    assert len(differences(DOCUMENT, {})) == 5
