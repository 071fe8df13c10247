"""The first person comes by a link that only whoever sits at the server knows."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.settings import Settings
from ostiary.users import accounts, service, set_up
from ostiary.users.models import LinkPurpose
from ostiary.users.schemas import NewAccount, NewInvitation
from ostiary.web.schemas import read_as
from tests.live import LiveServer
from tests.people import OPERATOR, add_organization, add_person, browser
from tests.users.ways_in import PASSWORD, errors_in, events, is_in, links, members, users

FIRST = {"email": "Alice@Example.com ", "name": "Alice", "password": PASSWORD}
DAY_SECONDS = 24 * 3600


@pytest.fixture
def link(ostiary: Ostiary, settings: Settings) -> str:
    offered = set_up.offer(ostiary.store, settings)
    assert offered is not None
    return offered.removeprefix(settings.issuer)


@pytest.fixture
def stranger(ostiary: Ostiary, settings: Settings) -> TestClient:
    return browser(ostiary, settings)


def test_lets_the_first_person_in_as_owner_of_what_nobody_owns(
    ostiary: Ostiary, stranger: TestClient, link: str
) -> None:
    acme = add_organization(ostiary.store, "Acme")
    assert "You are the first here" in stranger.get(link).text
    answer = stranger.post(link, data=FIRST)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert is_in(stranger)
    member = members(ostiary.store, acme)["alice@example.com"]
    assert (member.role, member.is_accepted) == ("owner", True)
    (event,) = events(ostiary.store, "user.created")
    assert (event.organization_guid, event.object_guid, event.actor_guid) == (acme, member.guid, member.guid)


def test_lets_nobody_be_the_first_twice(ostiary: Ostiary, settings: Settings, stranger: TestClient, link: str) -> None:
    stranger.post(link, data=FIRST)
    second = browser(ostiary, settings)
    assert second.get(link).status_code == 410
    assert second.post(link, data=FIRST | {"email": "mallory@example.com"}).status_code == 410
    assert list(users(ostiary.store)) == ["alice@example.com"]


def test_lets_one_of_two_be_the_first_when_two_nodes_made_a_link_each(ostiary: Ostiary, settings: Settings) -> None:
    offered = [set_up.offer(ostiary.store, settings) or "" for _ in range(2)]
    forms = [FIRST, FIRST | {"email": "mallory@example.com"}]

    def come(number: int) -> int:
        status: int = browser(ostiary, settings).post(offered[number], data=forms[number]).status_code
        return status

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(come, range(2))) == [303, 410]
    assert len(users(ostiary.store)) == 1
    assert links(ostiary.store) == []


def test_ends_the_set_up_link_after_a_day(stranger: TestClient, settings: Settings, ostiary: Ostiary) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        link = set_up.offer(ostiary.store, settings) or ""
        time.shift(DAY_SECONDS - 0.001)
        assert stranger.get(link).status_code == 200
        time.shift(0.001)
        assert stranger.get(link).status_code == 410
        assert stranger.post(link, data=FIRST).status_code == 410
    assert users(ostiary.store) == {}


def test_keeps_the_set_up_link_in_a_file_of_its_own_user(
    ostiary: Ostiary, settings: Settings, stranger: TestClient, link: str
) -> None:
    file = set_up.link_file(settings)
    assert file.read_text() == f"{settings.issuer}{link}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (kept,) = links(ostiary.store)
    assert link.rpartition("/")[2].encode() not in kept.word_digest
    stranger.post(link, data=FIRST)
    assert not file.exists()


def test_makes_the_file_anew_where_somebody_else_left_one_open(ostiary: Ostiary, settings: Settings) -> None:
    file = set_up.link_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("left behind")
    file.chmod(0o666)
    set_up.offer(ostiary.store, settings)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_offers_no_set_up_once_somebody_is_here(
    ostiary: Ostiary, settings: Settings, stranger: TestClient, link: str
) -> None:
    stranger.post(link, data=FIRST)
    set_up.link_file(settings).write_text("left behind by another node")
    assert set_up.offer(ostiary.store, settings) is None
    assert not set_up.link_file(settings).exists()


def test_ends_the_set_up_link_when_the_command_line_makes_a_person(
    ostiary: Ostiary, stranger: TestClient, link: str
) -> None:
    with ostiary.store.writing() as db:
        accounts.create(db, OPERATOR, read_as(NewAccount, email="dana@example.com", name="Dana"))
    assert stranger.get(link).status_code == 410
    assert stranger.post(link, data=FIRST).status_code == 410
    assert {each.purpose for each in links(ostiary.store)} == {LinkPurpose.NEW_PASSWORD}


def test_ends_the_set_up_link_however_somebody_came(ostiary: Ostiary, stranger: TestClient, link: str) -> None:
    add_person(ostiary.store, "Dana")
    assert stranger.get(link).status_code == 410
    assert stranger.post(link, data=FIRST).status_code == 410


def test_takes_no_invitation_for_a_set_up_link(ostiary: Ostiary, stranger: TestClient, link: str) -> None:
    acme = add_organization(ostiary.store, "Acme")
    new = read_as(NewInvitation, email="eve@example.com", role="viewer")
    with ostiary.store.writing() as db:
        word = service.invite(db, OPERATOR, acme, new).path.rpartition("/")[2]
    assert stranger.get(f"/set-up/{word}").status_code == 410
    assert stranger.post(f"/set-up/{word}", data=FIRST).status_code == 410
    assert stranger.get(f"/join/{link.rpartition('/')[2]}").status_code == 410
    assert users(ostiary.store) == {}


def test_keeps_what_was_typed_but_no_password(stranger: TestClient, link: str) -> None:
    answer = stranger.post(link, data=FIRST | {"name": "", "password": "password1234"})
    assert answer.status_code == 400
    assert 'value="Alice@Example.com "' in answer.text
    assert "password1234" not in answer.text
    assert [each.split(":")[0] for each in errors_in(answer)] == ["Fill this in.", "Must be harder to guess"]


def test_tells_a_log_only_where_the_set_up_link_is(live: LiveServer) -> None:
    link = (live.folder / "data" / "set-up-link").read_text().strip()
    said = live.last_words()
    assert "set-up-link" in said
    assert link.rpartition("/")[2] not in said
