"""Requests of one turn are answered together, and each as if it were alone."""

import json
from collections.abc import Sequence
from dataclasses import replace

import jwt
import pytest

from ostiary.applications.credentials import checksum
from ostiary.db.fast_reads import Lookup
from ostiary.web.together import Answer, Head, Request
from tests.oauth.desk import LOOPBACK, Desk, Key
from tests.oauth.lookups import Away, Noting

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
    noting = Noting(desk.ostiary.token.lookup)
    return together(desk, noting, requests), noting.asked


def together(desk: Desk, lookup: Lookup, requests: Sequence[Request]) -> list[Answer]:
    """Answers to requests of which none takes longer than the others."""
    given = desk.runner.run(replace(desk.ostiary.token, lookup=lookup).answers(requests))
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
    away = Away(desk.ostiary.token.lookup)
    answers = together(desk, away, [request(desk.north), Request(HEAD, b"{"), request(desk.acme)])
    assert [each.status for each in answers] == [503, 400, 503]


def test_lets_the_others_of_a_turn_pass_while_one_has_to_wait(desk: Desk) -> None:
    code = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "ostiary-cli"}
    noting = Noting(desk.ostiary.token.lookup)
    requests = [request(desk.north), Request(HEAD, json.dumps(code).encode()), request(desk.acme)]
    endpoint = replace(desk.ostiary.token, lookup=noting)
    first, waiting, last = desk.runner.run(endpoint.answers(requests))
    assert isinstance(first, Answer)
    assert isinstance(last, Answer)
    assert (first.status, last.status) == (200, 200)
    assert noting.asked == [[desk.north.client_id, desk.acme.client_id]]
    assert not isinstance(waiting, Answer)
    answer = desk.runner.run(waiting)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")
