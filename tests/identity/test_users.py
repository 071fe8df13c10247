"""People by API: invited, listed, given a role in either way of saying it, and shut out."""

import datetime as dt
from collections.abc import Collection
from typing import Any

import pytest
import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.access.scopes import ORGANIZATION_KEY, Scope
from ostiary.crypto import guids
from ostiary.users.models import Membership, OneTimeLink, Role
from ostiary.users.roles import READS, RIGHTS
from ostiary.web.models import IdempotencyKey
from tests.identity.keys_of_people import KEYS, ORGANIZATION_KEYS, new_key, program, token_answer, with_token
from tests.people import Cast

USERS = "/api/users"
EMAIL = "eve@example.com"
ASKED: dict[str, tuple[Collection[str], Role]] = {
    "everything": ({*Scope}, Role.ADMINISTRATOR),
    "everything and an identity": ({*Scope, "openid", "profile", "email"}, Role.ADMINISTRATOR),
    "all but one": ({*Scope} - {Scope.USERS_WRITE}, Role.DEVELOPER),
    "what a developer holds": ({*RIGHTS[Role.DEVELOPER].scopes}, Role.DEVELOPER),
    "not quite a developer": ({*RIGHTS[Role.DEVELOPER].scopes} - {Scope.BANKS_EXECUTE}, Role.VIEWER),
    "reading": ({*READS}, Role.VIEWER),
    "reading and a little": ({*READS, Scope.USERS_EXECUTE}, Role.VIEWER),
}


def invite(client: TestClient, **more: Any) -> Response:  # noqa: ANN401 - any JSON
    return client.post(USERS, json={"email": EMAIL, **more})


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message_code"]


def one(cast: Cast, name: str) -> str:
    return f"{USERS}/{cast[name].membership_guid}"


@pytest.fixture
def alice(cast: Cast) -> TestClient:
    return program(cast, "Alice")


def test_invites_with_a_link_that_lets_somebody_in(cast: Cast, alice: TestClient) -> None:
    answer = invite(alice, role="developer")
    user = answer.json()
    assert answer.status_code == 201
    assert (user["email"], user["role"], user["state"]) == (EMAIL, "developer", "invited")
    assert "username" not in user
    base, _, path = user["invite_url"].partition("/join/")
    assert base == cast.settings.issuer
    page = cast.stranger().get(f"/join/{path}")
    assert (page.status_code, EMAIL in page.text) == (200, True)


def test_shows_the_link_in_that_answer_alone(alice: TestClient) -> None:
    user = invite(alice).json()
    for answer in (alice.get(f"{USERS}/{user['guid']}"), alice.get(USERS)):
        assert "invite_url" not in answer.text
        assert "/join/" not in answer.text


def test_makes_a_viewer_of_somebody_for_whom_nothing_was_asked(alice: TestClient) -> None:
    assert invite(alice).json()["role"] == "viewer"
    assert alice.post(USERS, json={"email": "finn@example.com", "allowed_scopes": None}).json()["role"] == "viewer"


@pytest.mark.parametrize("case", ASKED)
def test_gives_the_largest_role_within_the_scopes(cast: Cast, alice: TestClient, case: str) -> None:
    asked, role = ASKED[case]
    user = invite(alice, allowed_scopes=sorted(asked)).json()
    assert user["role"] == role
    assert set(user["allowed_scopes"]) == RIGHTS[role].scopes <= set(asked)
    changed = alice.patch(one(cast, "Dana"), json={"allowed_scopes": sorted(asked)}).json()
    assert (changed["role"], set(changed["allowed_scopes"]) <= set(asked)) == (role, True)


@pytest.mark.parametrize("asked", [["banks:read"], ["openid"], sorted(READS - {Scope.BANKS_READ})])
def test_says_what_each_role_holds_that_was_not_asked_for(alice: TestClient, asked: list[str]) -> None:
    answer = invite(alice, allowed_scopes=asked)
    assert refusal(answer) == (422, "unsupported_value")
    missing = answer.json()["missing_scopes"]
    assert set(missing) == {"viewer", "developer", "administrator"}
    assert missing["viewer"] == sorted(READS - set(asked))
    assert missing["viewer"][0] in answer.json()["error_message"]


def test_takes_back_what_it_has_shown(cast: Cast, alice: TestClient) -> None:
    cast.join("Olga", "owner")
    for name in ("Alice", "Olga", "Dana", "Bob"):
        shown = alice.get(one(cast, name)).json()
        changed = alice.patch(one(cast, name), json={"allowed_scopes": shown["allowed_scopes"]}).json()
        assert changed["role"] == shown["role"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "missing_parameter"),
        ({"email": "nobody"}, "invalid_value"),
        ({"email": "a@" + "b" * 253}, "invalid_value"),
        ({"email": EMAIL, "allowed_scopes": []}, "invalid_value"),
        ({"email": EMAIL, "allowed_scopes": ["everything"]}, "invalid_value"),
        ({"email": EMAIL, "allowed_scopes": "banks:read"}, "invalid_value"),
        ({"email": EMAIL, "role": "king"}, "invalid_value"),
        ({"email": EMAIL, "role": "viewer", "allowed_scopes": sorted(READS)}, "invalid_parameter"),
        ({"email": EMAIL, "state": "active"}, "invalid_parameter"),
        ({"email": EMAIL, "guid": "0" * 32}, "invalid_parameter"),
    ],
)
def test_says_what_is_wrong_with_an_invitation(alice: TestClient, sent: dict[str, Any], code: str) -> None:
    assert refusal(alice.post(USERS, json=sent)) == (400, code)
    assert alice.get(USERS).json()["total"] == 3


def test_asks_for_what_is_to_change(cast: Cast, alice: TestClient) -> None:
    answer = alice.patch(one(cast, "Bob"), json={})
    assert answer.json()["error_message"] == "Missing parameter. Required: allowed_scopes"


def test_invites_nobody_twice(cast: Cast, alice: TestClient) -> None:
    assert refusal(alice.post(USERS, json={"email": f" {cast['Bob'].email.upper()} "})) == (409, "data_exists")


def test_says_the_same_of_an_address_that_belongs_elsewhere(cast: Cast, alice: TestClient) -> None:
    elsewhere = alice.post(USERS, json={"email": cast["Mallory"].email}).json()
    nowhere = invite(alice).json()
    assert elsewhere.keys() == nowhere.keys()
    assert elsewhere["state"] == nowhere["state"] == "invited"


def test_lists_the_own_organization_newest_first(cast: Cast, alice: TestClient) -> None:
    invited = invite(alice).json()["guid"]
    mine = [cast[name].membership_guid for name in ("Bob", "Dana", "Alice")]
    listed = alice.get(USERS).json()
    assert listed["total"] == 4
    assert [user["guid"] for user in listed["objects"]] == [invited, *mine]
    second = alice.get(USERS, params={"page": 1, "per_page": 3}).json()
    assert [user["guid"] for user in second["objects"]] == mine[2:]
    wanted = ",".join([mine[0], cast["Mallory"].membership_guid, "nobody", ""])
    assert [user["guid"] for user in alice.get(USERS, params={"guid": wanted}).json()["objects"]] == mine[:1]


def test_tells_an_organizations_key_who_is_there(cast: Cast, alice: TestClient) -> None:
    pair = alice.post(ORGANIZATION_KEYS, json=new_key()).json()
    key = with_token(cast, token_answer(cast, pair["client_id"], pair["secret"])[1]["access_token"])
    assert Scope.USERS_READ in ORGANIZATION_KEY
    assert key.get(USERS).json()["total"] == 3
    assert key.get(one(cast, "Bob")).json()["username"] == "Bob"
    assert key.get(one(cast, "Mallory")).content == key.get(f"{USERS}/{guids.new()}").content
    for answer in (invite(key), key.patch(one(cast, "Bob"), json={"role": "owner"}), key.delete(one(cast, "Bob"))):
        assert answer.json()["error_message"] == "Invalid Subject type. Required: user"


def test_tells_a_banks_key_nothing(cast: Cast, alice: TestClient) -> None:
    pair = alice.post(KEYS, json=new_key(bank_guid=cast.north)).json()
    key = with_token(cast, token_answer(cast, pair["client_id"], pair["secret"])[1]["access_token"])
    for answer in (key.get(USERS), key.get(one(cast, "Bob"))):
        assert answer.json()["error_message"] == "Invalid Subject type. Required: organization"


def test_answers_about_somebody_elsewhere_as_about_nobody(cast: Cast, alice: TestClient) -> None:
    pending = invite(program(cast, "Mallory")).json()["guid"]
    for guid in (cast["Mallory"].membership_guid, pending, cast["Bob"].user_guid, cast["Bob"].membership_guid.upper()):
        for verb in ("GET", "PATCH", "DELETE"):
            theirs, nobodys = (
                alice.request(verb, f"{USERS}/{name}", json={"role": "owner"}) for name in (guid, guids.new())
            )
            assert (theirs.status_code, theirs.content) == (404, nobodys.content)


def test_shuts_somebody_out_at_once(cast: Cast, alice: TestClient) -> None:
    dana = program(cast, "Dana")
    for _ in range(2):
        answer = alice.delete(one(cast, "Dana"))
        assert (answer.status_code, answer.content) == (204, b"")
    assert dana.get("/api/banks").status_code == 401
    assert alice.get(one(cast, "Dana")).json()["state"] == "disabled"


def test_withdraws_an_invitation(cast: Cast, alice: TestClient) -> None:
    user = invite(alice).json()
    path = user["invite_url"].removeprefix(cast.settings.issuer)
    assert alice.delete(f"{USERS}/{user['guid']}").status_code == 204
    assert alice.get(f"{USERS}/{user['guid']}").status_code == 404
    assert cast.stranger().get(path).status_code == 410
    assert invite(alice).status_code == 201


def test_keeps_the_last_owner_and_lets_nobody_shut_themselves_out(cast: Cast, alice: TestClient) -> None:
    assert refusal(alice.patch(one(cast, "Alice"), json={"role": "viewer"})) == (409, "last_owner")
    assert alice.delete(one(cast, "Alice")).status_code == 409
    cast.join("Olga", "owner")
    assert refusal(program(cast, "Olga").delete(one(cast, "Olga"))) == (409, "forbidden")


def test_lets_nobody_give_more_than_they_hold(cast: Cast, alice: TestClient) -> None:
    anna = program(cast, cast.join("Anna", "administrator").name)
    assert refusal(invite(anna, role="owner")) == (403, "forbidden")
    assert refusal(anna.delete(one(cast, "Alice"))) == (403, "forbidden")
    assert refusal(anna.patch(one(cast, "Alice"), json={"role": "viewer"})) == (403, "forbidden")
    narrow = program(cast, "Alice", scope="users:execute users:write users:read")
    assert refusal(invite(narrow, allowed_scopes=sorted(Scope))) == (403, "forbidden")
    assert refusal(narrow.patch(one(cast, "Bob"), json={"role": "developer"})) == (403, "forbidden")
    for name in ("Dana", "Bob"):
        client = program(cast, name)
        assert refusal(invite(client)) == (403, "invalid_scopes")
        assert refusal(client.patch(one(cast, "Bob"), json={"role": "viewer"})) == (403, "invalid_scopes")
        assert refusal(client.delete(one(cast, "Bob"))) == (403, "invalid_scopes")
    assert alice.get(USERS).json()["total"] == 4


def again(cast: Cast, client: TestClient, **values: object) -> Response:
    """The same invitation, when the answer to the first one had been lost."""
    with cast.store.writing() as db:
        db.execute(sa.update(IdempotencyKey).values(held_until=clock.now()))
        if values:
            db.execute(sa.update(Membership).where(Membership.email == EMAIL).values(**values))
    return client.post(USERS, json={"email": EMAIL}, headers={"Idempotency-Key": "one"})


def test_gives_a_repeat_another_link_that_ends_the_first(cast: Cast, alice: TestClient) -> None:
    first = again(cast, alice).json()
    second = again(cast, alice).json()
    assert second["guid"] == first["guid"]
    old, new = (user["invite_url"].removeprefix(cast.settings.issuer) for user in (first, second))
    assert [cast.stranger().get(path).status_code for path in (old, new)] == [410, 200]
    with cast.store.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(OneTimeLink)) == 1


def test_shows_a_repeat_no_link_when_it_comes_too_late(cast: Cast, alice: TestClient) -> None:
    first = again(cast, alice).json()
    late = again(cast, alice, created_at=clock.now() - dt.timedelta(minutes=10))
    taken = again(cast, alice, created_at=clock.now(), user_guid=cast["Mallory"].user_guid)
    for answer in (late, taken):
        assert refusal(answer) == (409, "data_exists")
        assert answer.json()["guid"] == first["guid"]
        assert "/join/" not in answer.text


def test_makes_no_second_invitation_where_the_first_was_withdrawn(cast: Cast, alice: TestClient) -> None:
    first = again(cast, alice).json()
    assert alice.delete(f"{USERS}/{first['guid']}").status_code == 204
    assert refusal(again(cast, alice)) == (409, "data_exists")
    assert alice.get(USERS).json()["total"] == 3
