"""Requests of one turn are answered together, and each as if it were alone."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jwt
import pytest

from ostiary.applications.credentials import checksum
from ostiary.db.fast_reads import LookupNow
from ostiary.errors import StoreUnavailable
from ostiary.web.immediate import Answer, Head, Request
from tests.oauth.desk import LOOPBACK, Desk, Key

pytestmark = pytest.mark.any_database

HEAD = Head([(b"content-type", b"application/json")], LOOPBACK)


def request(key: Key, **more: str) -> Request:
    sent = {"grant_type": "client_credentials", "client_id": key.client_id, "client_secret": key.secret, **more}
    return Request(HEAD, json.dumps(sent).encode())


def wrong(key: Key) -> Key:
    body = key.secret[:-7] + ("a" if key.secret[-7] != "a" else "b")
    return replace(key, secret=body + checksum(body))


def turn(desk: Desk, requests: Sequence[Request]) -> tuple[list[Answer], list[Sequence[str]]]:
    """The answers, and what was looked up each time."""
    asked: list[Sequence[str]] = []

    def now(client_ids: Sequence[str], /, *common: str) -> list[list[Sequence[Any]]]:
        asked.append(client_ids)
        lookup = desk.ostiary.token.lookup
        return [list(desk.runner.run(lookup(client_id, *common))) for client_id in client_ids]

    return at_once(desk, now, requests), asked


def at_once(desk: Desk, now: LookupNow, requests: Sequence[Request]) -> list[Answer]:
    """Answers that need no waiting."""
    given = desk.ostiary.token.at_once(now, requests)
    answers = [each for each in given if isinstance(each, Answer)]
    assert len(answers) == len(given)
    return answers


def test_answers_each_of_a_turn_for_itself(desk: Desk) -> None:
    stranger = replace(desk.north, client_id="ostid_" + "0" * 38)
    requests = [
        request(desk.north),
        Request(HEAD, b"{"),
        request(wrong(desk.north)),
        request(desk.acme),
        request(replace(desk.north, secret="x")),
        request(desk.north, scope="no:such"),
        request(stranger),
        request(desk.north, scope="banks:read"),
    ]
    answers, asked = turn(desk, requests)
    assert [each.status for each in answers] == [200, 400, 401, 200, 401, 400, 401, 200]
    north, acme = desk.north.client_id, desk.acme.client_id
    assert asked == [[north, north, acme, north, stranger.client_id, north]]
    tokens = [json.loads(answers[place].body)["access_token"] for place in (0, 3, 7)]
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in tokens]
    assert [each["client_id"] for each in claims] == [north, acme, north]
    assert claims[2]["scope"] == "banks:read"
    assert len({each["jti"] for each in claims}) == len(claims)
    for token in tokens:
        assert desk.show(token).status == 200


def test_looks_nothing_up_for_a_turn_of_typing_mistakes(desk: Desk) -> None:
    answers, asked = turn(desk, [request(replace(desk.north, secret="x"))] * 3)
    assert ([each.status for each in answers], asked) == ([401] * 3, [])


def test_says_that_the_database_is_away_to_those_who_need_it(desk: Desk) -> None:
    def away(*_: object) -> list[list[Sequence[Any]]]:
        raise StoreUnavailable("away")

    answers = at_once(desk, away, [request(desk.north), Request(HEAD, b"{"), request(desk.acme)])
    assert [each.status for each in answers] == [503, 400, 503]


def test_lets_the_others_of_a_turn_pass_while_one_has_to_wait(desk: Desk) -> None:
    code = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "ostiary-cli"}
    asked: list[Sequence[str]] = []

    def now(client_ids: Sequence[str], /, *common: str) -> list[list[Sequence[Any]]]:
        asked.append(client_ids)
        return [list(desk.runner.run(desk.ostiary.token.lookup(each, *common))) for each in client_ids]

    requests = [request(desk.north), Request(HEAD, json.dumps(code).encode()), request(desk.acme)]
    first, waiting, last = desk.ostiary.token.at_once(now, requests)
    assert isinstance(first, Answer)
    assert isinstance(last, Answer)
    assert (first.status, last.status) == (200, 200)
    assert asked == [[desk.north.client_id, desk.acme.client_id]]
    assert not isinstance(waiting, Answer)
    answer = desk.runner.run(waiting)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")
