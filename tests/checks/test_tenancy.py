"""Flaws that neighbours published, group M: tenancy. docs/known-flaws.md has the rows."""

import datetime as dt
import itertools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.access.scopes import BANK_KEY, MANAGEMENT, ORGANIZATION_KEY, Scope
from ostiary.app import Ostiary
from ostiary.applications import service as applications
from ostiary.applications.models import Application, ApplicationKind, ApplicationSecret
from ostiary.applications.schemas import ApplicationChanges, NewApplication
from ostiary.banks.models import Bank
from ostiary.crypto import guids
from ostiary.db.fast_reads import PostgresReads, SqliteReads
from ostiary.errors import Forbidden, StoreUnavailable
from ostiary.oauth.models import SigningKey
from ostiary.organizations.models import Organization
from ostiary.settings import Settings
from ostiary.users import session
from ostiary.users.models import Login, Membership, Role, User
from ostiary.web.schemas import read_as
from tests.oauth.desk import OPERATOR, Answer, Desk, Key, claims_of, operations, own_token
from tests.oauth.test_introspection import NO, introspect
from tests.oauth.window import assert_refused, good, post
from tests.people import Cast, actor_of, open_login, user_token

pytestmark = pytest.mark.any_database


PARAMETER = re.compile(r"\{(\w+)\}")
PLACES = ("bank_guid", "bank", "tenant", "tenant_id", "organization", "organization_guid", "x-organization-guid")


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


@pytest.fixture
def north(desk: Desk, cast: Cast) -> Key:
    return desk.key(cast.acme, cast.north)


@pytest.fixture
def east(desk: Desk, cast: Cast) -> Key:
    return desk.key(cast.globex, cast.east)


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()


def ask(desk: Desk, token: str, operation: str, **more: Any) -> Answer:  # noqa: ANN401 - as `request` takes
    method, path = operation.split(" ", 1)
    headers = [bearer(token), (b"content-type", b"application/json")]
    return desk.request(path, headers, method=method, body=b"{}" if method in {"POST", "PATCH"} else b"", **more)


def named(operation: str, guid: str) -> str:
    return PARAMETER.sub(guid, operation)


def api(desk: Desk) -> list[str]:
    return sorted(operation for operation in operations(desk.ostiary) if " /api/" in operation)


def test_m1_asks_whose_the_target_is(desk: Desk, cast: Cast, north: Key, east: Key) -> None:
    """Whatever the path names, and whatever a header or the query says beside it."""
    foreign = (cast.globex, cast.east, east.client_id, cast["Mallory"].membership_guid)
    tokens = [
        desk.token(north),
        desk.token(desk.key(cast.acme)),
        user_token(cast.ostiary, open_login(cast.store, cast["Alice"])),
    ]
    for operation in filter(PARAMETER.search, api(desk)):
        for token, guid in itertools.product(tokens, foreign):
            query = "&".join(f"{name}={cast.acme}" for name in PLACES).encode()
            answer = ask(desk, token, named(operation, guid), query=query)
            missing = ask(desk, token, named(operation, guids.new()), query=query)
            assert answer.status in {401, 403, 404, 422}, (operation, guid, answer.body)
            assert (answer.status, answer.body) == (missing.status, missing.body), operation


@pytest.mark.parametrize("name", PLACES)
def test_m2_runs_in_the_bank_of_the_key(desk: Desk, cast: Cast, north: Key, name: str) -> None:
    for other in (cast.south, cast.east, cast.globex, ""):
        answer = post(desk, good(north) | {name: other})
        assert claims_of(answer.json["access_token"])["bank_guid"] == cast.north
        body = json.dumps({"type": "individual", name: other}).encode()
        headers = [bearer(answer.json["access_token"]), (b"content-type", b"application/json"), (name.encode(), b"x")]
        made = desk.request("/api/customers", headers, method="POST", query=f"{name}={other}".encode(), body=body)
        allowed = {201} if name == "bank_guid" else {201, 400, 422}
        assert made.status in allowed, made.body
        if made.status == 201:
            assert made.json["bank_guid"] == cast.north


def test_m3_lets_no_token_without_the_scope_through(desk: Desk, north: Key) -> None:
    """Of every operation; which scope each needs is held by tests/matrix."""
    tokens = [desk.token(key, "prices:read") for key in (north, desk.acme)]
    for operation in api(desk):
        answers = [ask(desk, token, named(operation, guids.new())) for token in tokens]
        assert {answer.status for answer in answers} <= {401, 403}, operation
        assert {answer.json["message_code"] for answer in answers} <= {"invalid_subject", "invalid_scopes"}, operation


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_m4_makes_no_key_that_may_more_than_its_maker(desk: Desk, cast: Cast, role: Role) -> None:
    actor = actor_of(cast["Dana"], role)
    digester = desk.ostiary.token.client.digester
    new = read_as(NewApplication, name="More", expires_at=clock.now() + dt.timedelta(days=1))
    with cast.store.writing() as db, pytest.raises(Forbidden):
        applications.create_for_organization(db, actor, digester, cast.acme, new)


def test_m5_caps_an_owners_token_everywhere(desk: Desk, cast: Cast) -> None:
    token = user_token(cast.ostiary, open_login(cast.store, cast["Alice"], scope="prices:read"))
    for operation in api(desk):
        answer = ask(desk, token, named(operation, guids.new()))
        assert answer.json["message_code"] in {"invalid_scopes", "invalid_subject"}, (operation, answer.body)


def test_m6_makes_no_key_for_a_place_of_others(desk: Desk, cast: Cast) -> None:
    actor = actor_of(cast["Alice"], Role.OWNER)
    digester = desk.ostiary.token.client.digester
    new = read_as(NewApplication, name="Theirs", expires_at=clock.now() + dt.timedelta(days=1))
    with cast.store.reading() as db:
        before = db.scalar(sa.select(sa.func.count()).select_from(Application))
    for make, place in (
        (applications.create_for_bank, cast.east),
        (applications.create_for_organization, cast.globex),
        (applications.create_for_bank, guids.new()),
    ):
        with cast.store.writing() as db, pytest.raises(Exception, match="not found"):
            make(db, actor, digester, place, new)
    with cast.store.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Application)) == before


def test_m7_gives_no_more_than_the_key_may_hold(desk: Desk, north: Key) -> None:
    for key, most in ((north, BANK_KEY), (desk.acme, ORGANIZATION_KEY)):
        for sent in (good(key), good(key) | {"scope": ""}):
            assert set(post(desk, sent).json["scope"].split()) == most
        assert not most & MANAGEMENT


def test_m8_exchanges_no_token(desk: Desk, north: Key) -> None:
    for grant in ("urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        sent = good(north) | {"grant_type": grant, "subject_token": desk.token(desk.acme), "audience": "other"}
        assert_refused(post(desk, sent), "unsupported_grant_type")
    answer = post(desk, good(north) | {"subject_token": desk.token(desk.acme), "requested_subject": "x"})
    assert claims_of(answer.json["access_token"])["sub"] == north.bank_guid


def test_m9_redeems_nothing_for_somebody_else(desk: Desk, cast: Cast, north: Key, east: Key) -> None:
    """Pages of a list are plain numbers, and what they count is the caller's own; links are held in tests/users."""
    for key in (north, east):
        token = desk.token(key)
        for page in range(3):
            answer = desk.request("/api/bank_applications", [bearer(token)], query=f"page={page}".encode())
            assert {one["client_id"] for one in answer.json["objects"]} <= {key.client_id}
    # Nor is a token of one login good for the place of another.
    login = open_login(cast.store, cast["Alice"], bank_guid=cast.north)
    claims = claims_of(user_token(cast.ostiary, login))
    for claim, other in (("sub", cast["Bob"].membership_guid), ("bank_guid", cast.south), ("sid", guids.new())):
        assert desk.show(own_token(desk.ostiary, claims | {claim: other})).status == 401
    assert desk.show(own_token(desk.ostiary, claims)).status == 200


Disable = Callable[[Cast, Key], sa.Update]

DISABLED: dict[str, Disable] = {
    "user": lambda *_: sa.update(User).values(disabled_at=clock.now()),
    "membership": lambda *_: sa.update(Membership).values(disabled_at=clock.now()),
    "organization": lambda *_: sa.update(Organization).values(closed_at=clock.now()),
    "bank": lambda *_: sa.update(Bank).values(closed_at=clock.now()),
    "paused key": lambda *_: sa.update(Application).values(paused_at=clock.now()),
    "revoked key": lambda *_: sa.update(Application).values(revoked_at=clock.now()),
    "secret": lambda *_: sa.update(ApplicationSecret).values(expires_at=clock.now()),
    "signing key": lambda *_: sa.update(SigningKey).values(retired_at=clock.now()),
}
OF_PEOPLE = {"user", "membership"}
# A token that was made with a secret lives on when only the secret ends: its key is still good.
OF_TOKENS = DISABLED.keys() - {"secret"}


@pytest.mark.parametrize("what", DISABLED)
def test_m10_refuses_what_is_disabled_on_every_path(desk: Desk, cast: Cast, north: Key, what: str) -> None:
    ours = desk.token(north)
    theirs = user_token(cast.ostiary, open_login(cast.store, cast["Alice"], bank_guid=cast.north))
    with cast.store.writing() as db:
        db.execute(DISABLED[what](cast, north))
    refused: Mapping[str, bool] = {
        "the key's token": desk.show(ours).status == 401,
        "the person's token": desk.show(theirs).status == 401,
        "a new token": what == "signing key" or desk.ask(north).status == 401,
    }
    expected = {
        "the key's token": what in OF_TOKENS - OF_PEOPLE,
        "the person's token": what in OF_PEOPLE | {"organization", "bank", "signing key"},
        "a new token": what not in OF_PEOPLE,
    }
    assert refused == expected


def test_m11_ends_older_grants_with_the_lock(desk: Desk, cast: Cast) -> None:
    token = user_token(cast.ostiary, open_login(cast.store, cast["Dana"]))
    with cast.store.writing() as db:
        session.end_all(db, cast["Dana"].user_guid)
        assert db.scalar(sa.select(sa.func.count()).select_from(Login)) == 0
    assert desk.show(token).status == 401


def test_m12_refuses_when_it_cannot_decide(desk: Desk, north: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.token(north)

    def broken(*_: object, **__: object) -> None:
        raise StoreUnavailable("planted")

    monkeypatch.setattr(SqliteReads, "rows", broken)
    monkeypatch.setattr(PostgresReads, "query", broken)
    assert desk.show(token).status == 503
    assert desk.ask(north).status == 503


def test_m13_tells_no_stranger_about_a_token(desk: Desk, cast: Cast, north: Key, east: Key) -> None:
    token = desk.token(north)
    south = desk.key(cast.acme, cast.south)
    for stranger in (east, south, desk.key(cast.globex)):
        assert introspect(desk, stranger, token).body == NO
    assert introspect(desk, north, token).json["active"] is True


def test_m14_drops_no_restriction_beside_another_change(desk: Desk, cast: Cast) -> None:
    key = desk.key(cast.acme, cast.north, "203.0.113.7")
    other = read_as(ApplicationChanges, name="Other")
    with cast.store.writing() as db:
        applications.update(db, OPERATOR, ApplicationKind.BANK, key.client_id, other)
        applications.pause(db, OPERATOR, ApplicationKind.BANK, key.client_id)
        applications.resume(db, OPERATOR, ApplicationKind.BANK, key.client_id)
    assert desk.ask(key).status == 401
    assert desk.ask(key, peer="203.0.113.7").status == 200


SPELLINGS = ("banks:read banks:read", "customers:read banks:read", "banks:read")


NO_SCOPES = (
    "banks:reed",
    "BANKS:READ",
    "b\u0430nks:read",
    "banks:read\u200b",
    "banks:read,customers:read",
    "*",
    "openid",
    "a" * 60,
)


@pytest.mark.parametrize("scope", NO_SCOPES)
def test_t08_grants_no_scope_that_is_none(desk: Desk, north: Key, scope: str) -> None:
    assert_refused(post(desk, good(north) | {"scope": scope}), "invalid_scope")


def test_t08_grants_what_was_asked_for_and_no_more(desk: Desk, north: Key) -> None:
    for scope in SPELLINGS:
        answer = post(desk, good(north) | {"scope": scope})
        claimed = claims_of(answer.json["access_token"])["scope"]
        assert set(answer.json["scope"].split()) == set(claimed.split()) == set(scope.split())
    for key, most in ((north, BANK_KEY), (desk.acme, ORGANIZATION_KEY)):
        for scope in sorted(Scope):
            answer = post(desk, good(key) | {"scope": scope})
            # People hold the rest, and a key that asks for nothing else gets nothing.
            assert answer.status == (200 if scope in most else 400), (scope, answer.body)
