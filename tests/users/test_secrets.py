"""What lets somebody in stands in no database, event or log: passwords, words of cookies and of links."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ostiary.app import Ostiary
from ostiary.settings import Settings
from ostiary.users import accounts, set_up
from tests.live import LiveServer, environment, free_port, start_server
from tests.people import BROWSER, OPERATOR, add_organization, add_person
from tests.secrecy.search import files, finds, process_pages, rows
from tests.users.ways_in import LINK, OTHER_PASSWORD, PASSWORD

WRONG = "a wrong one that was typed"
CAROL = "carol@example.com"


@pytest.fixture
def talkative(settings: Settings, database_url: str) -> Iterator[LiveServer]:
    """A real server that says all it ever says."""
    env = environment(settings.data_dir, database_url) | {"OSTIARY_LOG_LEVEL": "debug"}
    with start_server(env, free_port()) as server:
        yield server


def test_keeps_nothing_that_lets_somebody_in(
    talkative: LiveServer, ostiary: Ostiary, settings: Settings, tmp_path: Path
) -> None:
    words = {"password": PASSWORD, "another password": OTHER_PASSWORD, "wrong password": WRONG}
    words["set-up link"] = word(set_up.link_file(settings).read_text().strip())
    # There it stands on purpose, for whoever sits at the server.
    set_up.put_away(settings)
    acme = add_organization(ostiary.store, "Acme")
    add_person(ostiary.store, "Carol", acme, "owner", password=PASSWORD)
    with person(talkative) as carol, person(talkative) as eve:
        post(carol, "/sign-in", 401, email=CAROL, password=WRONG)
        post(carol, "/sign-in", 303, email=CAROL, password=PASSWORD)
        words["cookie"] = carol.cookies["ostiary"]
        post(carol, "/settings/account", 422, password_current=WRONG, password=OTHER_PASSWORD)
        post(carol, "/settings/account", 303, password_current=PASSWORD, password=OTHER_PASSWORD)
        words["new cookie"] = carol.cookies["ostiary"]
        for name in ("used", "unused"):
            words[f"{name} link"] = invited(carol, f"{name}@example.com", acme)
        post(eve, f"/join/{words['used link']}", 400, name="Eve", password="too short")
        post(eve, f"/join/{words['used link']}", 303, name="Eve", password=PASSWORD)
        words["cookie of who joined"] = eve.cookies["ostiary"]
        post(eve, f"/join/{words['used link']}", 410, name="Eve", password=PASSWORD)
        with ostiary.store.writing() as db:
            words["password link"] = word(accounts.new_password_link(db, OPERATOR, CAROL).path)
        assert len(set(words.values())) == 10
        assert finds(words, [*rows(ostiary.store), *files(tmp_path), *process_pages(talkative.process.pid)]) == []


def test_would_find_what_is_kept(ostiary: Ostiary) -> None:
    """The search looks where people are kept."""
    add_person(ostiary.store, PASSWORD.replace(" ", "-"))
    assert finds({"planted": PASSWORD.replace(" ", "-")}, rows(ostiary.store))


def person(server: LiveServer) -> httpx2.Client:
    return httpx2.Client(base_url=server.base_url, headers=BROWSER)


def post(browser: httpx2.Client, path: str, status: int, **form: str) -> str:
    answer = browser.post(path, data=form)
    assert answer.status_code == status, answer.text
    return answer.text


def invited(browser: httpx2.Client, email: str, organization_guid: str) -> str:
    page = post(browser, "/team/invitations", 200, email=email, role="viewer", organization_guid=organization_guid)
    found = LINK.search(page)
    assert found, page
    return word(found[1])


def word(link: str) -> str:
    return link.rpartition("/")[2]
