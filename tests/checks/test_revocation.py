"""Flaws that neighbours published, group R: revocation. docs/known-flaws.md has the rows."""

import itertools
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications.models import Application
from ostiary.banks.models import Bank
from ostiary.db.store import Store
from ostiary.errors import StoreUnavailable
from ostiary.organizations.models import Organization
from ostiary.settings import Settings
from tests.apps import app_on, without_token_limits
from tests.oauth.desk import Desk, Key, claims_of, open_desk, operations
from tests.oauth.test_introspection import NO, introspect
from tests.oauth.test_revocation import revoke
from tests.oauth.window import assert_refused

Change = Callable[[Desk], object]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return without_token_limits(settings)


def update(desk: Desk, table: type, **values: object) -> None:
    with desk.store.writing() as db:
        db.execute(sa.update(table).values(values))


def test_r1_means_it_when_it_says_done(desk: Desk) -> None:
    token = desk.token(desk.north)
    assert revoke(desk, desk.north, token).status == 200
    assert desk.show(token).status == 401
    assert introspect(desk, desk.acme, token).body == NO


def test_r2_never_hides_a_failing_store(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.token(desk.north)

    def away(_: Store) -> None:
        raise StoreUnavailable("planted")

    with monkeypatch.context() as planted:
        planted.setattr(Store, "writing", away)
        answer = revoke(desk, desk.north, token)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert desk.show(token).status == 200


def test_r3_lets_nobody_revoke_what_belongs_to_others(desk: Desk) -> None:
    other = desk.key(desk.north.organization_guid, desk.north.bank_guid)
    token = desk.token(desk.north)
    told = revoke(desk, other, token)
    assert_refused(told, "invalid_grant")
    assert desk.show(token).status == 200
    # Whether it was revoked meanwhile is no business of theirs.
    revoke(desk, desk.north, token)
    again = revoke(desk, other, token)
    assert (again.status, again.body) == (told.status, told.body)


LEVELS: dict[str, tuple[Change, Change]] = {
    "organization": (
        lambda desk: update(desk, Organization, closed_at=clock.now()),
        lambda desk: update(desk, Organization, closed_at=None),
    ),
    "bank": (lambda desk: update(desk, Bank, closed_at=clock.now()), lambda desk: update(desk, Bank, closed_at=None)),
    "pause": (
        lambda desk: update(desk, Application, paused_at=clock.now()),
        lambda desk: update(desk, Application, paused_at=None),
    ),
    "revocation": (
        lambda desk: update(desk, Application, revoked_at=clock.now()),
        lambda desk: update(desk, Application, revoked_at=None),
    ),
    "addresses": (
        lambda desk: update(desk, Application, ip_allowlist_text="203.0.113.7/32"),
        lambda desk: update(desk, Application, ip_allowlist_text=""),
    ),
}


@pytest.mark.parametrize("two", list(itertools.permutations(LEVELS, 2)), ids="-".join)
def test_r4_refuses_as_long_as_one_of_two_says_no(desk: Desk, two: tuple[str, str]) -> None:
    token = desk.token(desk.north)
    (end_first, allow_first), (end_second, allow_second) = LEVELS[two[0]], LEVELS[two[1]]
    for step in (end_first, end_second, allow_first):
        step(desk)
        assert desk.show(token).status in {401, 403}
        assert desk.ask(desk.north).status == 401
    allow_second(desk)
    assert desk.show(token).status == 200


def test_r5_ends_the_tokens_of_a_revoked_key(desk: Desk) -> None:
    tokens = [desk.token(desk.north) for _ in range(3)]
    update(desk, Application, revoked_at=clock.now())
    assert [desk.show(token).status for token in tokens] == [401, 401, 401]


def test_r6_forgets_the_check_nowhere(desk: Desk) -> None:
    """Every operation there is refuses a token whose key was revoked, before anything else is looked at."""
    token = desk.token(desk.north)
    update(desk, Application, revoked_at=clock.now())
    headers = [(b"authorization", f"Bearer {token}".encode())]
    asked = [operation.split(" ") for operation in operations(desk.ostiary) if " /api/" in operation]
    assert len(asked) > 10
    for method, path in asked:
        answer = desk.request(path, headers, method=method)
        assert (answer.status, answer.json["error_message"]) == (401, "Credential revoked"), (method, path)


def test_r7_is_known_to_the_other_node_at_once(desk: Desk, settings: Settings) -> None:
    with app_on(settings) as other, open_desk(other) as second:
        token = desk.token(desk.north)
        assert second.show(token).status == 200
        revoke(desk, desk.north, token)
        assert second.show(token).status == 401
        key: Key = desk.acme
        tokens = [desk.token(key), second.token(key)]
        update(desk, Application, revoked_at=clock.now())
        assert [second.show(each).status for each in tokens] == [401, 401]
        assert second.ask(key).status == 401


def test_r8_answers_200_for_an_unknown_token(desk: Desk) -> None:
    for unknown in ("x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."):
        answer = introspect(desk, desk.acme, unknown)
        assert (answer.status, answer.body) == (200, NO)


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "id_token", "\u2603", "x" * 500])
def test_r9_finds_a_token_under_every_hint(desk: Desk, hint: str) -> None:
    token = desk.token(desk.north)
    assert revoke(desk, desk.north, token, token_type_hint=hint).status == 200
    assert desk.show(token).status == 401
    assert claims_of(token)["jti"]


def test_t09_is_refused_by_the_very_next_request(desk: Desk, count: Callable[[int, int], int]) -> None:
    """In one process; on two of them, a thousand times, in tests/durability."""
    for _ in range(count(50, 2_000)):
        token = desk.token(desk.north)
        assert desk.show(token).status == 200
        revoke(desk, desk.north, token)
        assert desk.show(token).status == 401
