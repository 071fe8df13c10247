"""Limits where a pair is taken: guessing is stopped, and whoever has the right secret hears nothing of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from ostiary.applications import service as applications
from ostiary.applications.credentials import checksum, new_client_id
from ostiary.applications.models import ApplicationUsage
from ostiary.errors import StoreUnavailable
from ostiary.events.models import Event
from ostiary.settings import Limit, Network, Settings
from ostiary.web.together import Answer as Made
from ostiary.web.together import Head, Request
from tests.apps import app_on
from tests.conftest import Database
from tests.oauth.desk import OPERATOR, Answer, Desk, Key
from tests.oauth.window import JSON, assert_refused, good, pair, post
from tests.ticking import Ticks

pytestmark = pytest.mark.any_database


GUESSER = "198.51.100.7"
HOME = "198.51.100.8"
PROXY = "192.0.2.1"
PER_SOURCE = "failed-token-requests-per-source"


@pytest.fixture
def settings(settings: Settings, ticks: Ticks) -> Settings:
    assert ticks.now
    chosen = {
        "limit_token_requests_per_key": Limit(5, 60),
        "limit_token_requests_per_source": Limit(8, 60),
        "limit_failed_token_requests_per_source": Limit(3, 300),
    }
    return settings.model_copy(update=chosen)


def wrong(key: Key) -> Key:
    """With a secret of the right form that is not the key's."""
    body = key.secret[:-7] + ("a" if key.secret[-7] != "a" else "b")
    return replace(key, secret=body + checksum(body))


def stranger(key: Key) -> Key:
    return replace(wrong(key), client_id=new_client_id())


def statuses(times: int, ask: Callable[[], Answer]) -> list[int]:
    return [ask().status for _ in range(times)]


def events(desk: Desk) -> list[Event]:
    desk.ostiary.limiting.tell(desk.store)
    with desk.store.reading() as db:
        return list(db.scalars(sa.select(Event).where(Event.event_type == "credential.failed").order_by(Event.guid)))


def test_stops_guessing_and_lets_the_right_key_in(desk: Desk) -> None:
    assert statuses(6, lambda: desk.ask(wrong(desk.north), peer=GUESSER)) == [401, 401, 401, 429, 429, 429]
    assert desk.ask(desk.north, peer=GUESSER).status == 200
    assert desk.ask(desk.north, peer=HOME).status == 200
    assert desk.ask(wrong(desk.north), peer=HOME).status == 401


def test_says_when_to_come_again(desk: Desk, ticks: Ticks) -> None:
    for _ in range(3):
        desk.ask(wrong(desk.north), peer=GUESSER)
        ticks.pass_seconds(10.5)
    answer = post(desk, good(wrong(desk.north)), peer=GUESSER)
    assert_refused(answer, "too_many_requests", 429, "A right pair is answered at once; with this one try again in 269")
    assert answer.headers["retry-after"] == "269"
    assert answer.headers["ratelimit-policy"] == f'"{PER_SOURCE}";q=3;w=300'
    assert answer.headers["ratelimit"] == f'"{PER_SOURCE}";r=0;t=269'
    ticks.pass_seconds(268)
    assert desk.ask(wrong(desk.north), peer=GUESSER).status == 429
    ticks.pass_seconds(1)
    assert statuses(2, lambda: desk.ask(wrong(desk.north), peer=GUESSER)) == [401, 429]


def test_tells_a_slowed_stranger_nothing_about_the_key(desk: Desk) -> None:
    statuses(3, lambda: desk.ask(wrong(desk.north), peer=GUESSER))
    told = [desk.ask(key, peer=GUESSER) for key in (wrong(desk.north), stranger(desk.north))]
    told.append(desk.ask(replace(desk.north, secret="typing mistake"), peer=GUESSER))
    with desk.store.writing() as db:
        applications.revoke(db, OPERATOR, desk.kind(desk.north), desk.north.client_id)
    told.append(desk.ask(wrong(desk.north), peer=GUESSER))
    assert {each.status for each in told} == {429}
    assert len({each.body for each in told}) == len({str(each.headers) for each in told}) == 1


def test_says_why_to_whoever_has_the_secret_of_a_dead_key_however_often(desk: Desk) -> None:
    with desk.store.writing() as db:
        applications.pause(db, OPERATOR, desk.kind(desk.north), desk.north.client_id)
    assert statuses(10, lambda: desk.ask(desk.north, peer=GUESSER)) == [401] * 10
    assert "Credential paused" in desk.ask(desk.north, peer=GUESSER).body.decode()
    assert events(desk) == []


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
def test_counts_failures_wherever_a_pair_is_taken(desk: Desk, path: str) -> None:
    def fail(key: Key) -> Answer:
        return desk.request(
            path, [(b"content-type", b"application/x-www-form-urlencoded")], method="POST", body=form(key), peer=GUESSER
        )

    assert statuses(2, lambda: fail(wrong(desk.north))) == [401, 401]
    assert desk.ask(wrong(desk.north), peer=GUESSER).status == 401
    answer = fail(wrong(desk.north))
    assert (answer.status, answer.headers["retry-after"]) == (429, "300")
    assert fail(desk.north).status == 200


def form(key: Key) -> bytes:
    return f"client_id={key.client_id}&client_secret={key.secret}&token=x".encode()


def test_takes_an_ipv6_network_for_one_source(desk: Desk) -> None:
    peers = [f"2001:db8:0:1::{number}" for number in range(1, 5)]
    assert [desk.ask(wrong(desk.north), peer=peer).status for peer in peers] == [401, 401, 401, 429]
    assert desk.ask(wrong(desk.north), peer="2001:db8:0:2::1").status == 401


def test_slows_nobody_for_a_malformed_request(desk: Desk) -> None:
    assert statuses(10, lambda: post(desk, b"{", peer=GUESSER)) == [400] * 10
    assert desk.ask(wrong(desk.north), peer=GUESSER).status == 401


def test_allows_a_key_so_many_tokens_and_not_one_more(desk: Desk, ticks: Ticks) -> None:
    for _ in range(5):
        assert desk.ask(desk.north).status == 200
        ticks.pass_seconds(1)
    answer = post(desk, good(desk.north))
    assert_refused(answer, "too_many_requests", 429, "use each token until it expires, or try again in 55 seconds")
    assert answer.headers["retry-after"] == "55"
    assert answer.headers["ratelimit-policy"] == '"token-requests-per-key";q=5;w=60'
    assert answer.headers["ratelimit"] == '"token-requests-per-key";r=0;t=55'
    assert desk.ask(desk.acme).status == 200
    ticks.pass_seconds(55)
    assert statuses(2, lambda: desk.ask(desk.north)) == [200, 429]


def test_counts_only_requests_with_the_right_secret_for_a_key(desk: Desk) -> None:
    for number in range(20):
        assert desk.ask(wrong(desk.north), peer=f"198.51.100.{number}").status == 401
    assert statuses(6, lambda: desk.ask(desk.north)) == [200] * 5 + [429]


def test_asks_about_scopes_after_the_limit(desk: Desk) -> None:
    asked = statuses(6, lambda: desk.ask(desk.north, "no:such"))
    assert asked == [400] * 5 + [429]


def test_allows_a_source_so_many_tokens_whatever_the_keys(desk: Desk) -> None:
    asked = [desk.ask(key).status for key in [desk.north, desk.acme] * 5]
    assert asked == [200] * 8 + [429] * 2
    assert desk.ask(desk.north, peer=HOME).status == 200
    refused = desk.ask(desk.acme)
    assert refused.headers["ratelimit-policy"] == '"token-requests-per-source";q=8;w=60'
    assert "This address asks for tokens too often" in refused.body.decode()


def test_takes_failures_of_a_source_for_nothing_else(desk: Desk) -> None:
    statuses(20, lambda: desk.ask(wrong(desk.north)))
    assert [desk.ask(key).status for key in [desk.north, desk.acme] * 4] == [200] * 8


def test_knows_sources_behind_a_trusted_proxy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def through(hops: str, peer: str = PROXY) -> int:
        return post(desk, good(wrong(desk.north)), (b"x-forwarded-for", hops.encode()), peer=peer).status

    # Without trust every hop is one source, whatever it says.
    assert [through(f"203.0.113.{number}") for number in range(4)] == [401, 401, 401, 429]
    trusted: tuple[Network, ...] = Settings(trusted_proxies="192.0.2.1").trusted_proxies
    monkeypatch.setattr(desk.ostiary.token.client.client_address, "_trusted", trusted)
    assert [through(f"203.0.113.{number}") for number in range(4)] == [401] * 4
    assert [through("203.0.113.0") for _ in range(3)] == [401, 401, 429]
    # What stands further left was written by whoever is slowed.
    assert through("203.0.113.99, 203.0.113.0") == 429


def test_answers_a_turn_with_the_same_limits(desk: Desk) -> None:
    def request(key: Key, peer: str) -> Request:
        body = b'{"grant_type":"client_credentials","client_id":"%s","client_secret":"%s"}'
        return Request(Head([JSON], peer), body.replace(b"%s", b"%b") % (key.client_id.encode(), key.secret.encode()))

    keys = [desk.north, wrong(desk.north)] * 6
    given = desk.runner.run(desk.ostiary.token.answers([request(key, GUESSER) for key in keys]))
    made = [each for each in given if isinstance(each, Made)]
    assert [each.status for each in made[::2]] == [200] * 5 + [429]
    assert [each.status for each in made[1::2]] == [401] * 3 + [429] * 3
    assert dict(made[-1].headers)[b"Retry-After".lower()] == b"300"
    assert {name for name, _ in made[0].headers} & {b"ratelimit", b"retry-after"} == set()


def test_waits_for_what_is_not_in_this_process(settings: Settings, database: Database) -> None:
    url = SecretStr("redis://127.0.0.1:1/0")
    for chosen, is_near in ((settings, True), (settings.model_copy(update={"limits_url": url}), False)):
        with app_on(chosen) as made:
            assert made.token.waits == (not is_near or database == "postgresql")


def test_counts_refusals_for_the_page_of_the_key(desk: Desk) -> None:
    statuses(6, lambda: desk.ask(desk.north))
    statuses(6, lambda: desk.ask(wrong(desk.north), peer=GUESSER))
    desk.ostiary.usage.write(desk.store)
    with desk.store.reading() as db:
        rows = db.scalars(sa.select(ApplicationUsage)).all()
    assert {row.outcome: row.count for row in rows} == {
        "token_issued": 5,
        "too_many_requests": 1,
        "invalid_client": 6,
    }


def test_tells_the_organization_once_for_a_source_and_window(desk: Desk, ticks: Ticks) -> None:
    guess = partial(desk.ask, wrong(desk.north), peer=GUESSER)
    statuses(3, guess)
    assert events(desk) == []
    statuses(10, guess)
    [event] = events(desk)
    assert (event.organization_guid, event.bank_guid) == (desk.north.organization_guid, desk.north.bank_guid)
    assert (event.actor_subject, event.actor_guid, event.address) == ("stranger", "", GUESSER)
    assert event.facts == {"source": GUESSER, "more_than": "3 in 5 minutes"}
    # Also with another key of the same organization, and when others look at what is due.
    statuses(10, lambda: desk.ask(wrong(desk.acme), peer=GUESSER))
    statuses(10, guess)
    assert len(events(desk)) == 1
    statuses(10, lambda: desk.ask(wrong(desk.north), peer="2001:db8::1"))
    assert [each.facts["source"] for each in events(desk)] == [GUESSER, "2001:db8::/64"]
    ticks.pass_seconds(300)
    statuses(10, guess)
    assert len(events(desk)) == 3


def test_tells_nobody_of_clients_that_do_not_exist(desk: Desk) -> None:
    statuses(10, lambda: desk.ask(stranger(desk.north), peer=GUESSER))
    assert events(desk) == []


def test_fills_no_trail_for_somebody_with_many_addresses(desk: Desk) -> None:
    for number in range(60):
        statuses(4, lambda peer=f"2001:db8:0:{number:x}::1": desk.ask(wrong(desk.north), peer=peer))  # type: ignore[misc]
    assert len(events(desk)) == 20


def test_tells_later_when_the_database_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses(4, lambda: desk.ask(wrong(desk.north), peer=GUESSER))

    def away(*_: object) -> None:
        raise OperationalError("INSERT", {}, OSError("away"))

    with monkeypatch.context() as patch:
        patch.setattr(desk.ostiary.limiting, "_record", away)
        with pytest.raises(StoreUnavailable):
            desk.ostiary.limiting.tell(desk.store)
    assert len(events(desk)) == 1


def test_keeps_nothing_of_what_was_sent(desk: Desk) -> None:
    guess = wrong(desk.north)
    statuses(4, lambda: desk.ask(guess, peer=GUESSER))
    assert guess.secret not in repr(vars(desk.ostiary.limiting))
    [event] = events(desk)
    assert pair(guess)["client_secret"] not in str(vars(event))
