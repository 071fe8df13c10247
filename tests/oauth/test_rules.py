"""Every 401 and 403 says which rule was broken, since when and what to do: as docs/refusals.md tells, row by row."""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import sqlalchemy as sa
from httpx2 import Response
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.applications import service as applications
from ostiary.applications.models import Application
from ostiary.banks import service as banks
from ostiary.banks.models import Bank
from ostiary.oauth.models import Revocation
from ostiary.oauth.rules import ADDRESS_NOT_ALLOWED, RULES
from ostiary.organizations.models import Organization
from ostiary.settings import Settings
from ostiary.users.models import Login, User
from tests.house.test_standards import rows
from tests.house.tree import HERE
from tests.identity.keys_of_people import KEYS, new_key, program
from tests.oauth.customer_desk import call, customer_token, look, new_customer
from tests.oauth.desk import OPERATOR, Answer, Desk, claims_of, own_token
from tests.oauth.test_bearer_standing import allow, change, close_organization, expire
from tests.oauth.test_customer_standing import delete_customer
from tests.oauth.test_revocation import revoke
from tests.oauth.window import JSON, pair, post
from tests.people import Cast, open_login, user_token

pytestmark = pytest.mark.any_database

PAGE = (HERE / "docs/refusals.md").read_text()
API, OAUTH = (rows(part) for part in PAGE.split("## The OAuth endpoints"))
ISSUER = "https://other.example"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
# What the platform and the standard write, and what every refusal adds.
COMMON = {"status", "message_code", "error_message", "error", "error_description", "rule", "what_to_do"}

Provoke = Callable[[Desk], Answer]


def as_row(answer: Answer) -> list[str]:
    """An answer as the page tells it."""
    said = answer.json
    code, text = (
        said.get("message_code") or said["error"],
        said.get("error_message") or said["error_description"],
    )
    beside = ", ".join(f"`{name}`" for name in said if name not in COMMON)
    return [str(answer.status), f"`{code}`", f"`{said['rule']}`", text, beside, said["what_to_do"]]


def with_claims(desk: Desk, **changes: object) -> Answer:
    return desk.show(own_token(desk.ostiary, claims_of(desk.token(desk.north)) | changes))


def after(happens: Callable[[Desk], object]) -> Provoke:
    """What the API answers to a token that was good until this happened."""

    def provoke(desk: Desk) -> Answer:
        token = desk.token(desk.north)
        assert desk.show(token).status == 200
        happens(desk)
        return desk.show(token)

    return provoke


def revoke_key(desk: Desk) -> None:
    change(desk, applications.revoke, desk.north)


def pause_key(desk: Desk) -> None:
    change(desk, applications.pause, desk.north)


def expire_key(desk: Desk) -> None:
    expire(desk, desk.north)


def close_bank(desk: Desk) -> None:
    with desk.store.writing() as db:
        banks.close(db, OPERATOR, desk.north.bank_guid)


def promote(desk: Desk) -> None:
    with desk.store.writing() as db:
        banks.promote(db, OPERATOR, desk.north.bank_guid)


def bind(desk: Desk) -> None:
    allow(desk, desk.north, "192.0.2.1")


def of_revoked_token(desk: Desk) -> Answer:
    token = desk.token(desk.north)
    assert revoke(desk, desk.north, token).status == 200
    return desk.show(token)


def of_deleted_customer(desk: Desk) -> Answer:
    guid = new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid)
    delete_customer(desk, desk.north, guid)
    return look(desk, token, guid)


OF_API: Mapping[str, Provoke] = {
    "header": lambda desk: desk.request("/api/banks", []),
    "signature": lambda desk: desk.show("x.y.z"),
    "token_expired": lambda desk: with_claims(desk, exp=int(clock.seconds()) - 90),
    "audience": lambda desk: with_claims(desk, aud=ISSUER),
    "issuer": lambda desk: with_claims(desk, iss=ISSUER),
    "not_valid_yet": lambda desk: with_claims(desk, iat=int(clock.seconds()) + 70),
    "revoked": after(revoke_key),
    "expired": after(expire_key),
    "paused": after(pause_key),
    "bank_closed": after(close_bank),
    "organization_closed": after(close_organization),
    "token_revoked": of_revoked_token,
    "token_outdated": after(promote),
    "customer_deleted": of_deleted_customer,
    "address_not_allowed": after(bind),
    "subject": lambda desk: call(desk, desk.token(desk.north), "GET /api/organization_applications"),
    "scope": lambda desk: call(desk, desk.token(desk.north, "customers:read"), "PATCH /api/customers/x", {}),
}


def disable(db: Session, cast: Cast) -> None:
    db.execute(sa.update(User).where(User.guid == cast["Dana"].user_guid).values(disabled_at=clock.now()))


def let_the_login_expire(db: Session, _: Cast) -> None:
    db.execute(sa.update(Login).values(expires_at=clock.now()))


def promote_north(db: Session, cast: Cast) -> None:
    banks.promote(db, OPERATOR, cast.north)


OF_LOGINS: Mapping[str, Callable[[Session, Cast], None]] = {
    "user_disabled": disable,
    "login_ended": let_the_login_expire,
    "login_outdated": promote_north,
}


def invite(client: TestClient, role: str) -> Response:
    return client.post("/api/users", json={"email": "dave@example.com", "role": role})


OF_ROLES: Mapping[str, Callable[[Cast], Response]] = {
    "owners_only": lambda cast: invite(program(cast, cast.join("Anna", "administrator").name), "owner"),
    "beyond_the_giver": lambda cast: invite(program(cast, "Alice", scope="users:execute"), "viewer"),
}
OF_OAUTH: Mapping[str, Callable[[Desk], object]] = {
    "invalid_client": lambda _: None,
    "revoked": revoke_key,
    "expired": expire_key,
    "paused": pause_key,
    "bank_closed": close_bank,
    "organization_closed": close_organization,
    "address_not_allowed": bind,
}


@pytest.mark.parametrize("row", API, ids=lambda row: row[2].strip("`"))
def test_answers_on_the_api_as_the_page_says(desk: Desk, settings: Settings, row: list[str]) -> None:
    rule = row[2].strip("`")
    if rule in OF_ROLES:
        told = OF_ROLES[rule](Cast(desk.ostiary, settings))
        answer = Answer(told.status_code, told.headers, told.content)
    else:
        answer = OF_API[rule](desk) if rule in OF_API else of_login(desk, settings, OF_LOGINS[rule])
    assert as_row(answer) == row


def of_login(desk: Desk, settings: Settings, ends: Callable[[Session, Cast], None]) -> Answer:
    cast = Cast(desk.ostiary, settings)
    token = user_token(desk.ostiary, open_login(cast.store, cast["Dana"], bank_guid=cast.north))
    assert desk.show(token).status == 200
    with cast.store.writing() as db:
        ends(db, cast)
    return desk.show(token)


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("row", OAUTH, ids=lambda row: row[2].strip("`"))
def test_answers_at_the_oauth_endpoints_as_the_page_says(desk: Desk, path: str, row: list[str]) -> None:
    rule = row[2].strip("`")
    OF_OAUTH[rule](desk)
    key = replace(desk.north, secret=desk.acme.secret) if rule == "invalid_client" else desk.north
    body = pair(key) | {"grant_type": "client_credentials", "token": "x"}
    assert as_row(desk.request(path, [JSON], method="POST", body=json.dumps(body).encode())) == row


def test_tells_of_every_rule_there_is() -> None:
    names = [row[2].strip("`") for row in API]
    assert len(set(names)) == len(names)
    known = {rule.name for rule in RULES.values()} | {ADDRESS_NOT_ALLOWED}
    assert set(names) == known | {"subject", "scope", *OF_ROLES} == OF_API.keys() | OF_LOGINS.keys() | OF_ROLES.keys()
    assert {row[2].strip("`") for row in OAUTH} == OF_OAUTH.keys()
    assert {row[3] for row in API} >= RULES.keys()


# Refusals that only pages make are told in sentences.
OF_PAGES = ("banks/service.py", "organizations/service.py", "users/entry.py", "web/page_server.py")


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (
            "Unauthorized|TokenRefused|InvalidClient",
            ("oauth/client_auth.py", "oauth/client_check.py", "oauth/customer_tokens.py"),
        ),
        ("Forbidden", OF_PAGES),
    ],
)
def test_makes_no_401_and_403_elsewhere(names: str, places: tuple[str, ...]) -> None:
    """Those who make one are provoked above; whoever makes another one adds its rule."""
    made = re.compile(rf"(?:raise|return|=) (?:{names})\(")
    sources = HERE / "src/ostiary"
    found = {path.relative_to(sources).as_posix() for path in sources.rglob("*.py") if made.search(path.read_text())}
    assert found == {"errors.py", "oauth/bearer.py", *places}


def test_tells_of_a_key_that_would_hold_more_than_its_maker(desk: Desk, settings: Settings) -> None:
    cast = Cast(desk.ostiary, settings)
    narrow = program(cast, "Alice", scope="bank_applications:execute")
    told = narrow.post(KEYS, json=new_key(bank_guid=cast.north))
    assert (told.status_code, told.json()["rule"]) == (403, "beyond_the_giver")
    assert told.json()["error_message"] in PAGE.replace("\n", " ")


@pytest.mark.parametrize(
    ("happens", "member", "column"),
    [
        (revoke_key, "revoked_at", Application.revoked_at),
        (pause_key, "paused_at", Application.paused_at),
        (expire_key, "expired_at", Application.expires_at),
        (close_bank, "closed_at", Bank.closed_at),
        (close_organization, "closed_at", Organization.closed_at),
    ],
)
def test_says_since_when(
    desk: Desk, happens: Callable[[Desk], object], member: str, column: sa.ColumnElement[dt.datetime]
) -> None:
    token = desk.token(desk.north)
    happens(desk)
    stored = sa.select(column).where(column.is_not(None)).order_by(column)
    with desk.store.reading() as db:
        moment = clock.on_the_wire(next(iter(db.scalars(stored))))
    assert MOMENT.fullmatch(moment)
    assert desk.show(token).json[member] == desk.ask(desk.north).json[member] == moment


def test_says_since_when_a_token_is_revoked(desk: Desk) -> None:
    said = of_revoked_token(desk).json
    with desk.store.reading() as db:
        assert said["revoked_at"] == clock.on_the_wire(db.scalars(sa.select(Revocation.revoked_at)).one())


def test_tells_customers_where_their_tokens_come_from(desk: Desk) -> None:
    guid = new_customer(desk, desk.north)
    token = customer_token(desk, desk.north, guid)
    claims = claims_of(token)
    expired = own_token(desk.ostiary, claims | {"exp": int(clock.seconds()) - 1})
    assert revoke(desk, desk.north, token).status == 200
    outdated = own_token(desk.ostiary, claims | {"jti": "0" * 32, "bank_type": "production"})
    advice = "Make a new token for the customer at POST /api/customer_tokens, with a token of its bank."
    for each, rule in ((expired, "token_expired"), (token, "token_revoked"), (outdated, "token_outdated")):
        said = look(desk, each, guid).json
        assert (said["rule"], said["what_to_do"]) == (rule, f"{advice} The key itself is fine.")


def test_tells_nothing_of_a_token_whose_signature_is_not_right(desk: Desk) -> None:
    """Whatever it says and however its key stands: the same bytes."""
    token = desk.token(desk.north)
    expired = own_token(desk.ostiary, claims_of(token) | {"exp": 1})
    forged = [each[:-6] + "AAAAAA" for each in (token, expired)]
    answers = {desk.show(each).body for each in forged}
    pause_key(desk)
    assert answers == {desk.show(each).body for each in (*forged, "x.y.z")}
    assert len(answers) == 1


def test_says_what_to_send_to_whoever_shows_no_pair(desk: Desk) -> None:
    said = post(desk, {"grant_type": "client_credentials"}).json
    assert (said["rule"], said["error_description"]) == (
        "invalid_client",
        "Send client_id and client_secret, in the body or as HTTP Basic",
    )
    assert said["what_to_do"] == "Change what the message names and send the request again."
