"""`ostiary users`: people as the operator makes, shuts out and lets in again, without a password in a command line."""

import json
from typing import Any

import pytest

from ostiary.app import Ostiary
from ostiary.settings import Settings
from ostiary.users import set_up
from tests.cli.conftest import Run, strict_json
from tests.people import Person, add_person, browser, signed_in
from tests.users.ways_in import OTHER_PASSWORD, PASSWORD, is_in, members, sign_in, users

Facts = dict[str, Any]

DANA = ("--email", "Dana@Example.com", "--name", "Dana")


def path_of(made: Facts, settings: Settings) -> str:
    link: str = made["link"]
    assert link.startswith(f"{settings.issuer}/new-password/")
    return link.removeprefix(settings.issuer)


def test_makes_a_person_who_chooses_a_password_by_a_link(
    run: Run,
    first: Facts,
    ostiary: Ostiary,
    settings: Settings,
) -> None:
    acme = first["organization_guid"]
    made = strict_json(run("users", "create", *DANA, "--organization", acme, "--role", "developer", "--json"))
    assert (made["email"], made["name"], made["disabled_at"]) == ("dana@example.com", "Dana", None)
    assert [(each["organization_guid"], each["role"]) for each in made["memberships"]] == [(acme, "developer")]
    stranger = browser(ostiary, settings)
    assert stranger.get("/new-password/x").status_code == 410
    assert "you will be signed out" not in stranger.get(path_of(made, settings)).text
    assert stranger.post(path_of(made, settings), data={"password": PASSWORD}).status_code == 303
    assert "Who may work with Acme" in stranger.get("/team").text
    assert sign_in(browser(ostiary, settings), "dana@example.com").status_code == 303


def test_prints_the_link_for_people_too(run: Run) -> None:
    done = run("users", "create", *DANA)
    assert done.returncode == 0
    assert "/new-password/" in done.stdout
    assert "The link works once." in done.stdout


def test_lets_somebody_who_has_an_account_into_an_organization(
    run: Run,
    first: Facts,
    ostiary: Ostiary,
) -> None:
    acme = first["organization_guid"]
    dana = add_person(ostiary.store, "Dana")
    made = strict_json(run("users", "create", *DANA, "--organization", acme, "--role", "owner", "--json"))
    assert "link" not in made
    assert members(ostiary.store, acme)[dana.email].user_guid == dana.user_guid
    again = run("users", "create", *DANA, "--organization", acme, "--role", "owner", "--json")
    assert (again.returncode, again.stderr) == (1, "dana@example.com belongs to this organization already\n")
    alone = run("users", "create", *DANA, "--json")
    assert (alone.returncode, alone.stderr) == (1, "dana@example.com has an account already\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--email", "dana", "--name", "Dana"), "Invalid value. email: must look like name@example.com"),
        ((*DANA, "--organization", "nope", "--role", "viewer"), "organization not found"),
    ],
)
def test_makes_nobody_when_something_is_wrong(run: Run, ostiary: Ostiary, args: tuple[str, ...], said: str) -> None:
    done = run("users", "create", *args, "--json")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{said}\n")
    assert users(ostiary.store) == {}


@pytest.mark.parametrize("half", [("--organization", "x"), ("--role", "viewer"), ("--role", "emperor")])
def test_wants_an_organization_and_a_role_or_neither(run: Run, half: tuple[str, ...]) -> None:
    assert run("users", "create", *DANA, *half).returncode == 2


@pytest.mark.parametrize("command", ["create", "reset-password"])
def test_takes_no_password(run: Run, command: str) -> None:
    assert run("users", command, *DANA, "--password", PASSWORD).returncode == 2


def test_shuts_somebody_out_at_once_and_lets_them_in_again(run: Run, ostiary: Ostiary, settings: Settings) -> None:
    dana = add_person(ostiary.store, "Dana", password=PASSWORD)
    here = signed_in(ostiary, settings, dana)
    asked = run("users", "disable", dana.email)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "signed out everywhere" in asked.stderr
    assert is_in(here)
    assert strict_json(run("users", "disable", dana.email, "--yes", "--json"))["disabled_at"]
    assert not is_in(here)
    assert sign_in(browser(ostiary, settings), dana.email).status_code == 401
    refused = run("users", "reset-password", dana.email)
    assert (refused.returncode, refused.stderr) == (1, "dana@example.com is disabled: enable the account first\n")
    assert strict_json(run("users", "enable", "DANA@example.com", "--json"))["disabled_at"] is None
    assert not is_in(here), "what has ended stays so"
    assert sign_in(browser(ostiary, settings), dana.email).status_code == 303


def test_resets_a_password_by_a_link(run: Run, ostiary: Ostiary, settings: Settings) -> None:
    dana = add_person(ostiary.store, "Dana", password=PASSWORD)
    made = strict_json(run("users", "reset-password", dana.email, "--json"))
    assert sign_in(browser(ostiary, settings), dana.email).status_code == 303, "the old one works until then"
    stranger = browser(ostiary, settings)
    assert stranger.post(path_of(made, settings), data={"password": OTHER_PASSWORD}).status_code == 303
    assert sign_in(browser(ostiary, settings), dana.email).status_code == 401


def test_lists_everybody(run: Run, first: Facts, ostiary: Ostiary) -> None:
    assert "There is no person yet." in run("users", "list").stdout
    assert strict_json(run("users", "list", "--json")) == {"total": 0, "objects": []}
    acme = first["organization_guid"]
    dana, lone = add_person(ostiary.store, "Dana", acme, "developer"), add_person(ostiary.store, "Lone")
    listed = json.loads(run("users", "list", "--json").stdout)["objects"]
    assert [(each["email"], each["guid"]) for each in listed] == [_named(dana), _named(lone)]
    assert [[place["role"] for place in each["memberships"]] for each in listed] == [["developer"], []]
    assert "password" not in json.dumps(listed)
    table = run("users", "list").stdout
    assert f"developer of {acme}" in table


def _named(person: Person) -> tuple[str, str]:
    return person.email, person.user_guid


def test_knows_nobody_by_a_wrong_address(run: Run) -> None:
    for command in (("disable", "--yes"), ("enable",), ("reset-password",)):
        done = run("users", command[0], "nobody@example.com", *command[1:])
        assert (done.returncode, done.stderr) == (1, "user not found\n")


def test_ends_the_set_up_link_when_it_makes_somebody(run: Run, ostiary: Ostiary, settings: Settings) -> None:
    link = set_up.offer(ostiary.store, settings) or ""
    strict_json(run("users", "create", *DANA, "--json"))
    assert browser(ostiary, settings).get(link).status_code == 410
    assert not set_up.link_file(settings).exists()
