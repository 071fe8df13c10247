"""What a token may do and how long it lives: never more than its key."""

import datetime as dt
from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from ostiary import clock
from ostiary.access.scopes import BANK_KEY, MANAGEMENT, ORGANIZATION_KEY
from ostiary.applications.models import Application
from ostiary.banks.models import Bank, BankType
from ostiary.settings import Settings
from tests.apps import without_token_limits
from tests.oauth.desk import Desk, Key, claims_of
from tests.oauth.window import assert_refused, good, post

pytestmark = pytest.mark.any_database


@pytest.fixture(name="settings")
def unlimited(settings: Settings) -> Settings:
    return without_token_limits(settings)


def granted(desk: Desk, key: Key, scope: str) -> str:
    answer = post(desk, good(key) | {"scope": scope})
    assert answer.status == 200, answer.body
    assert claims_of(answer.json["access_token"])["scope"] == answer.json["scope"]
    return str(answer.json["scope"])


def test_grants_everything_to_whoever_asks_for_nothing(desk: Desk) -> None:
    for key, holds in ((desk.north, BANK_KEY), (desk.acme, ORGANIZATION_KEY)):
        assert set(post(desk, good(key)).json["scope"].split()) == holds


def test_grants_what_was_asked_in_the_order_asked_once(desk: Desk) -> None:
    assert granted(desk, desk.north, "customers:write banks:read customers:write") == "customers:write banks:read"


def test_drops_management_beside_other_scopes_and_refuses_it_alone(desk: Desk) -> None:
    for management in MANAGEMENT:
        assert granted(desk, desk.north, f"{management} banks:read") == "banks:read"
        assert_refused(post(desk, good(desk.north) | {"scope": management}), "invalid_scope", says="people")


@pytest.mark.parametrize(
    "scope",
    [
        "organizations:read",
        "banks:execute",
        "customers:READ",
        "customers:read ",
        " customers:read",
        "customers:read  banks:read",
        "customers:read,banks:read",
        "customers:read\tbanks:read",
        "customers:re\u0430d",
        "customers:read\u200b",
        "*",
        "openid",
    ],
)
def test_refuses_a_foreign_scope(desk: Desk, scope: str) -> None:
    assert_refused(post(desk, good(desk.north) | {"scope": scope}), "invalid_scope")


def test_never_grants_more_than_the_key_may_hold(desk: Desk, count: Callable[[int, int], int]) -> None:
    names = [*sorted(BANK_KEY | ORGANIZATION_KEY | MANAGEMENT), "nothing:read", ""]

    @hypothesis.settings(max_examples=count(100, 2000), deadline=None, suppress_health_check=list(HealthCheck))
    @given(asked=st.lists(st.sampled_from(names), max_size=6))
    def holds(asked: list[str]) -> None:
        for key, may in ((desk.north, BANK_KEY), (desk.acme, ORGANIZATION_KEY)):
            answer = post(desk, good(key) | {"scope": " ".join(asked)})
            if answer.status == 200:
                got = set(answer.json["scope"].split())
                assert got <= may
                assert not any(asked) or got <= set(asked)
            else:
                assert_refused(answer, "invalid_scope")

    holds()


def test_lives_by_the_kind_of_bank(desk: Desk) -> None:
    assert post(desk, good(desk.north)).json["expires_in"] == 8 * 3600
    assert post(desk, good(desk.acme)).json["expires_in"] == 1800
    with desk.store.writing() as db:
        db.query(Bank).filter_by(guid=desk.north.bank_guid).one().type = BankType.PRODUCTION
    listed = desk.key(desk.north.organization_guid, desk.north.bank_guid, "127.0.0.1")
    assert post(desk, good(listed)).json["expires_in"] == 1800


def test_makes_no_token_that_has_expired_already(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = 2_000_000_000
    with desk.store.writing() as db:
        found = db.query(Application).filter_by(client_id=desk.north.client_id).one()
        found.expires_at = dt.datetime.fromtimestamp(ends + 0.9, clock.UTC)
    for now, expected in ((ends - 1.5, 200), (ends - 1, 200), (ends - 0.001, 200), (ends, 401), (ends + 0.8, 401)):
        monkeypatch.setattr(clock, "seconds", lambda now=now: now)
        answer = post(desk, good(desk.north))
        assert answer.status == expected, now
        if expected == 200:
            assert answer.json["expires_in"] >= 1
            assert desk.show(answer.json["access_token"]).status == 200
        else:
            assert_refused(answer, "invalid_client", 401, "Credential has expired")


def test_never_outlives_its_key(desk: Desk) -> None:
    with desk.store.writing() as db:
        found = db.query(Application).filter_by(client_id=desk.north.client_id).one()
        found.expires_at = ends_at = clock.now() + dt.timedelta(seconds=100)
    answer = post(desk, good(desk.north))
    assert 97 <= answer.json["expires_in"] <= 100
    assert claims_of(answer.json["access_token"])["exp"] == int(ends_at.timestamp())
    assert answer.json["created_at"] + answer.json["expires_in"] == int(ends_at.timestamp())
