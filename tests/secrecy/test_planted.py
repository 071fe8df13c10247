"""A secret is in the answer that made it and nowhere else: not in a file, a row, a log, an event or a refusal."""

import sqlite3
from typing import Any

from tests.durability.installation import Installation
from tests.durability.wire import Caller
from tests.secrecy.requests import Planted, at_the_api, at_the_token_endpoint, send
from tests.secrecy.search import files, finds, process_pages, rows

PERSON: dict[str, Any] = {
    "type": "individual",
    "name": {"first": "Wilhelmina-Plantagenet", "last": "Featherstonehaugh"},
    "address": {"street": "4711 Hidden Hollow Lane", "city": "Nowhereville", "country_code": "US"},
    "date_of_birth": "1971-02-03",
    "email_address": "wilhelmina@planted.example",
    "phone_number": "+15550104711",
    "identification_numbers": [
        {"type": "passport", "issuing_country_code": "US", "identification_number": "PLANTED-987654"}
    ],
}
PII = {
    "first name": "Wilhelmina-Plantagenet",
    "last name": "Featherstonehaugh",
    "street": "4711 Hidden Hollow Lane",
    "birthday": "1971-02-03",
    "e-mail": "wilhelmina@planted.example",
    "phone": "+15550104711",
    "passport": "PLANTED-987654",
}


def planted_in(place: Installation) -> Planted:
    made = place.live.cli("init", "--organization", "Acme", "--bank", "North")
    # Well formed but for the checksum, as after a typo; and one that nobody made.
    wrong = made["client_secret"][:-1] + ("A" if made["client_secret"][-1] != "A" else "B")
    return Planted(made["client_id"], made["client_secret"], wrong, {"secret": made["client_secret"], "wrong": wrong})


def everywhere(place: Installation) -> list[tuple[str, bytes]]:
    """All bytes the installation left anywhere."""
    found = [*rows(place.office.house.store), *process_pages(place.live.process.pid), *files(place.live.folder)]
    names = [name for name, _ in found]
    assert any(name.endswith(".stderr") for name in names)
    return found


def test_shows_a_secret_nowhere_else(talkative: Installation) -> None:
    planted = planted_in(talkative)
    base_url = talkative.live.base_url
    answers = list(send(base_url, at_the_token_endpoint(planted)))
    tokens = {f"token {n}": one.json()["access_token"] for n, (_, one) in enumerate(answers) if one.status_code == 200}
    token = next(iter(tokens.values()))
    assert len(tokens) >= 2
    refusals = [(name, one.content + str(one.headers).encode()) for name, one in answers if one.status_code != 200]
    assert finds(planted.words, refusals) == []

    answers = list(send(base_url, at_the_api(planted, token, PERSON)))
    assert sum(one.status_code == 201 for _, one in answers) == 1
    refusals = [(name, one.content + str(one.headers).encode()) for name, one in answers if one.status_code >= 400]
    # A token's head is the same for all: its signature is what makes it one.
    signatures = {name: one.rpartition(".")[2] for name, one in tokens.items()}
    assert finds(planted.words | signatures, refusals) == []

    talkative.live.cli("keys", "list")
    talkative.live.cli("keys", "revoke", planted.client_id, "--yes")
    assert finds(planted.words | signatures | PII, everywhere(talkative)) == []


def test_searches_where_the_data_is(talkative: Installation) -> None:
    """Names of organizations are no secret, so they show that the search looks into the real places."""
    made = talkative.live.cli("init", "--organization", "Canary-Organization-4711", "--bank", "North")
    with Caller(talkative.live.port) as caller:
        assert caller.ask("GET", "/api/banks", token="no-token").status == 401
    found = finds({"name": "Canary-Organization-4711", "client id": made["client_id"]}, everywhere(talkative))
    assert any("organizations.name" in one for one in found)
    assert any("applications.client_id" in one for one in found)
    if talkative.office.house.store.is_sqlite:
        assert any("ostiary.db" in one for one in found), sqlite3.sqlite_version
    assert any("token_refused" in content.decode(errors="replace") for _, content in everywhere(talkative))
