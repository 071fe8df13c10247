"""Who may do what with keys on pages: nobody is offered what would be refused, and it is refused all the same."""

import pytest
from starlette.testclient import TestClient

from ostiary.crypto import guids
from ostiary.users.models import Role
from tests.applications.cast import Cast, form_at, generate, shown_in, words
from tests.applications.reading import read

pytestmark = pytest.mark.any_database

NEW = "/developers/keys/new"
CHANGES = ("edit", "pause", "resumption", "revocation", "replacement")
LOOKS = ("", "/shown", "/first-token")
WORD = "w" * 43


def of(guid: str, noun: str) -> str:
    return f"/developers/keys/{guid}/{noun}"


def new_in(bank_guid: str) -> dict[str, str]:
    return {
        "kind": "bank",
        "bank_guid": bank_guid,
        "name": "Till",
        "expires_at": "90",
        "ip_allowlist": "10.0.0.1",
        "word": WORD,
    }


def refused_changes(browser: TestClient, guid: str) -> set[int]:
    body = {"confirmed": "yes", "word": WORD, "name": "Mine", "name_seen": "Till"}
    posted = {browser.post(of(guid, noun), data=body).status_code for noun in CHANGES}
    return posted | {browser.get(of(guid, noun)).status_code for noun in CHANGES if noun != "resumption"}


def test_lets_a_viewer_look_and_nothing_else(bob: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north, "Till", "10.0.0.1")
    page = read(bob.get(f"/developers/keys/{key.guid}"))
    assert key.client_id in page.text
    assert not {"Edit", "Pause", "Replace", "Revoke"} & page.links.keys()
    assert not page.has("form", method="post")
    assert "Generate New Key" not in read(bob.get("/developers")).links
    assert refused_changes(bob, key.guid) == {403}
    assert bob.get(NEW).status_code == 403
    assert bob.post(NEW, data=new_in(cast.north)).status_code == 403
    assert (cast.keys(), cast.find(key.guid).name, cast.find(key.guid).revoked_at) == (1, "Till", None)


def test_lets_a_developer_work_in_sandbox_banks(dana: TestClient, cast: Cast) -> None:
    pair = shown_in(generate(dana, f"{NEW}?bank={cast.north}"))
    assert {"Edit", "Pause", "Replace", "Revoke"} <= read(dana.get(f"/developers/keys/{pair.guid}")).links.keys()
    shown_in(generate(dana, of(pair.guid, "replacement")))
    assert dana.post(of(pair.guid, "revocation"), data={"confirmed": "yes"}).status_code == 303


def test_keeps_a_developer_out_of_production(dana: TestClient, cast: Cast) -> None:
    key = cast.key(cast.vault, "Till", "10.0.0.1")
    assert not {"Edit", "Pause", "Replace", "Revoke"} & read(dana.get(f"/developers/keys/{key.guid}")).links.keys()
    assert refused_changes(dana, key.guid) == {403}
    assert not read(dana.get(NEW)).has("option", value=cast.vault)
    assert "your role may not generate keys there" in words(dana, f"{NEW}?bank={cast.vault}")
    assert dana.post(NEW, data=new_in(cast.vault)).status_code == 403
    assert cast.keys() == 1


def test_keeps_a_developer_from_organization_keys(dana: TestClient, cast: Cast) -> None:
    own = cast.find(cast.office.organization_key(cast.acme).client_id)
    assert "Organization key" not in read(dana.get(NEW)).links
    assert dana.get(f"{NEW}?kind=organization").status_code == 403
    assert dana.post(NEW, data=new_in("") | {"kind": "organization"}).status_code == 403
    assert refused_changes(dana, own.guid) == {403}
    assert cast.keys() == 1


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMINISTRATOR])
def test_lets_owners_and_administrators_do_everything(cast: Cast, role: Role) -> None:
    browser = cast.person("Anton", role)
    shown_in(generate(browser, f"{NEW}?bank={cast.vault}", ip_allowlist="10.0.0.1"))
    shown_in(generate(browser, f"{NEW}?kind=organization"))


def test_answers_for_another_organizations_key_as_for_none(mallory: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north, "Till", "10.0.0.1")
    for theirs, nobodys in ((key.guid, guids.new()),):
        for path in (*LOOKS, *(f"/{noun}" for noun in CHANGES if noun != "resumption")):
            answers = [mallory.get(f"/developers/keys/{guid}{path}") for guid in (theirs, nobodys)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].text.replace(theirs, "") == answers[1].text.replace(nobodys, "")
        for noun in CHANGES:
            body = {"confirmed": "yes", "word": WORD, "name": "Mine"}
            answers = [mallory.post(of(guid, noun), data=body) for guid in (theirs, nobodys)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].text.replace(theirs, "") == answers[1].text.replace(nobodys, "")
    assert cast.find(key.guid).revoked_at is None


def test_makes_no_key_in_another_organizations_bank(mallory: TestClient, cast: Cast) -> None:
    answers = [mallory.post(NEW, data=new_in(bank)) for bank in (cast.north, guids.new())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert form_at(mallory, f"{NEW}?bank={cast.north}")["bank_guid"] == cast.east
    assert cast.keys() == 0


def test_names_no_key_that_another_organizations_form_has_made(
    alice: TestClient, mallory: TestClient, cast: Cast
) -> None:
    pair = shown_in(alice.post(NEW, data=new_in(cast.north)))
    answer = mallory.post(NEW, data=new_in(cast.east))
    assert pair.client_id not in answer.text
    assert shown_in(answer).guid != pair.guid


def test_sends_a_stranger_to_the_door(cast: Cast) -> None:
    key = cast.key(cast.north)
    stranger = cast.browser("nobody's")
    for path in ("/developers", NEW, f"/developers/keys/{key.guid}", *(of(key.guid, noun) for noun in CHANGES[:2])):
        assert stranger.get(path).headers["location"].startswith("/sign-in?next=%2Fdevelopers")
    assert stranger.post(of(key.guid, "revocation"), data={"confirmed": "yes"}).status_code == 401
