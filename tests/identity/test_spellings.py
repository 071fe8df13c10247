"""Names in paths, byte by byte as they are sent: a thing is found by its own name and by nothing like it (A-07)."""

import http.client
import json
import string
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.durability.direct import Office, office
from tests.durability.installation import Installation, settings_of
from tests.identity.keys_of_people import KEYS, ORGANIZATION_KEYS, new_key
from tests.identity.live_people import token_of
from tests.live import HOST, LiveServer

USERS = "/api/users"
pytestmark = pytest.mark.any_database


class Line:
    """A connection on which a path is sent as it is written."""

    def __init__(self, server: LiveServer, token: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        self._connection.request(method, path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw) if raw else None


@pytest.fixture
def line(live: LiveServer) -> Iterator[Line]:
    with office(settings_of(live)) as opened:
        line = owner_of(live, opened)
        yield line
        line.close()


def owner_of(live: LiveServer, opened: Office) -> Line:
    organization = live.cli("organizations", "create", "--name", "Acme")["guid"]
    bank_guid = opened.bank_of(organization, "North")
    return Line(live, token_of(Installation(live, opened), "Alice", organization, bank_guid=bank_guid))


@pytest.fixture
def ones(line: Line) -> dict[str, object]:
    """A key of each kind, and somebody, with what may be sent to change them."""
    made = {
        KEYS: line.ask("POST", KEYS, new_key())[1]["client_id"],
        ORGANIZATION_KEYS: line.ask("POST", ORGANIZATION_KEYS, new_key())[1]["client_id"],
        USERS: line.ask("POST", USERS, {"email": "eve@example.com"})[1]["guid"],
    }
    return {
        f"{base}/{name}": {"role": "developer"} if base == USERS else {"name": "Till"} for base, name in made.items()
    }


def spellings(name: str) -> Iterator[str]:
    """What is not the name, however it is read, as it stands in a path."""
    wide = "".join(
        chr(ord(letter) + 0xFEE0) if letter in string.ascii_letters + string.digits else letter for letter in name
    )
    for other in (name.upper(), name.swapcase(), wide, f"{name}.", f" {name}", f"{name} ", f"{name}\u200b", f"{name}/"):
        if other.rstrip("/") != name:
            yield quote(other, safe="")
    yield from (
        f"{name}%00",
        f"{name}%252F",
        f"%2e%2e%2F{name}",
        f"x%2F..%2F{name}",
        f"{name}%2e",
        f"{name}%0a",
    )
    yield from (
        f"%C0%AE{name}",
        f"%FF{name}",
        quote(quote(f"{name[:-1]}%{ord(name[-1]):02x}")),
        "root",
        "null",
        "%2A",
        "%25",
        "_" * 32,
    )
    yield quote("' OR '1'='1", safe="")


def test_finds_a_thing_by_its_own_name_alone(line: Line, ones: dict[str, object]) -> None:
    before = [line.ask("GET", path) for path in ones]
    for path, body in ones.items():
        base, _, name = path.rpartition("/")
        for spelling in spellings(name):
            for method in ("GET", "PATCH", "DELETE"):
                status, answer = line.ask(method, f"{base}/{spelling}", body)
                assert status in {400, 404}, (method, spelling, answer)
    assert [line.ask("GET", path) for path in ones] == before


def test_reads_the_usual_encoding_of_a_name(line: Line, ones: dict[str, object]) -> None:
    for path in ones:
        base, _, name = path.rpartition("/")
        known = line.ask("GET", path)
        assert known[0] == 200
        for same in (f"{base}/%{ord(name[0]):02x}{name[1:]}", f"{path}/", f"{path}%2F"):
            assert line.ask("GET", same) == known
