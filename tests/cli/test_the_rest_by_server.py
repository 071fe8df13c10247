"""`ostiary banks|organizations|users|customers --server`: what the database tells, through the API."""

import json
from typing import Any

import pytest

from tests.cli.by_server import Scene, made, missing, refused, scene
from tests.server.conftest import eventually

__all__ = ["made", "scene"]

pytestmark = pytest.mark.any_database

PERSON = {"name": {"first": "Canary", "last": "Singer"}, "email_address": "canary@example.com"}


def address(scene: Scene, name: str) -> str:
    return f"{name}{scene.acme}@example.com".lower()


def test_tells_of_banks_what_the_database_tells(scene: Scene) -> None:
    south = scene.told_there("banks", "create", "--name", "South", "--fiat", "EUR", "--organization", scene.acme)
    assert (south["supported_fiat_account_assets"], south["type"]) == (["EUR"], "sandbox")
    assert missing(south, scene.told_here("banks", "show", south["guid"])) == {"closed_at"}
    assert scene.told_there("banks", "show", south["guid"]) == south
    assert [one["name"] for one in scene.told_there("banks", "list")["objects"]] == ["South", "North"]
    assert scene.there("banks", "list").stdout.splitlines()[0].split() == [
        "guid",
        "name",
        "type",
        "organization",
        "guid",
    ]


def test_changes_a_bank_both_ways(scene: Scene) -> None:
    args = ["banks", "update", scene.north, "--name", "Nord", "--symbol", "BTC-USD", "--origin", "https://a.example"]
    changed = scene.told_there(*args)
    assert (changed["name"], changed["supported_trading_symbols"]) == ("Nord", ["BTC-USD"])
    assert changed["cors_allowed_origins"] == ["https://a.example"]
    emptied = scene.told_here("banks", "update", scene.north, "--no-origins")
    assert (emptied["name"], emptied["cors_allowed_origins"]) == ("Nord", [])
    assert missing(scene.told_there("banks", "show", scene.north), emptied) == {"closed_at"}
    for change in (scene.here, scene.there):
        assert refused(change("banks", "update", scene.north, "--symbol", "BTC-EUR"), "rading symbol")
        for more in [], ["--no-origins", "--origin", "https://a.example"]:
            assert change("banks", "update", scene.north, *more).returncode == 2


@pytest.mark.parametrize(
    "args",
    [
        ["banks", "promote", "GUID", "--yes"],
        ["banks", "close", "GUID", "--yes"],
        ["banks", "reopen", "GUID"],
        ["organizations", "create", "--name", "x"],
        ["users", "reset-password", "x@example.com"],
        ["users", "enable", "x@example.com"],
    ],
)
def test_says_where_the_api_does_not_do_it(scene: Scene, args: list[str]) -> None:
    done = scene.there(*args, "--json")
    assert refused(done, "The API does not offer this.", f"on the server of {scene.made.live.base_url} itself")
    assert f"ostiary {args[0]} {args[1]}" in done.stderr


def test_makes_no_account_by_server(scene: Scene) -> None:
    done = scene.there("users", "create", "--email", "x@example.com", "--name", "x")
    assert refused(done, "ostiary users invite")


def test_shows_and_renames_the_organization_of_the_token(scene: Scene) -> None:
    there = scene.told_there("organizations", "show")
    assert missing(there, scene.told_here("organizations", "show", scene.acme)) == {"closed_at"}
    assert scene.told_there("organizations", "list") == {"total": 1, "objects": [there]}
    assert scene.told_there("organizations", "rename", "--name", "Acme II")["name"] == "Acme II"
    assert scene.told_here("organizations", "rename", scene.acme, "--name", "Acme III")["name"] == "Acme III"
    other = scene.told_here("organizations", "create", "--name", "Globex")["guid"]
    for args in ["show"], ["rename", "--name", "Mine"]:
        assert scene.there("organizations", *args, other) == (1, "", "organization not found\n")
    assert refused(scene.here("organizations", "show"), "name one with GUID")


def test_invites_shows_changes_and_shuts_out_a_person(scene: Scene) -> None:
    email = address(scene, "Dana")
    invited = scene.told_there("users", "invite", "--email", email.upper(), "--role", "viewer")
    assert invited["link"].startswith(f"{scene.made.live.base_url}/join/")
    assert (invited["email"], invited["memberships"][0]["state"]) == (email, "invited")
    here = scene.told_here("users", "show", email)
    assert missing({name: invited[name] for name in invited if not name.startswith("link")}, here) == set()
    changed = scene.told_there("users", "update", email, "--role", "developer")
    assert changed["memberships"] == scene.told_here("users", "show", email)["memberships"]
    assert [one["role"] for one in changed["memberships"]] == ["developer"]
    asked = scene.there("users", "disable", email)
    assert asked.stderr.startswith(f"The invitation of {email} will be withdrawn")
    assert scene.told_there("users", "show", email) == changed
    assert scene.told_there("users", "disable", email, "--yes")["memberships"][0]["state"] == "withdrawn"
    assert scene.there("users", "show", email) == (1, "", "user not found\n")
    assert invited["link"] not in scene.there("users", "list").stdout


def test_shuts_a_member_out_of_the_organization_alone(scene: Scene) -> None:
    scene.login("Dana", "developer")
    email = address(scene, "Dana")
    asked = scene.there("users", "disable", email)
    assert asked.stderr.startswith(f"{email} will be shut out of the organization at once")
    assert scene.told_there("users", "show", email)["memberships"][0]["state"] == "active"
    assert scene.told_there("users", "disable", email, "--yes")["memberships"][0]["state"] == "disabled"
    here = scene.told_here("users", "show", email)
    assert (here["disabled_at"], here["memberships"][0]["state"]) == (None, "disabled")
    missed = missing(scene.told_there("users", "show", email), here)
    assert missed == {"guid", "created_at", "disabled_at"}


def test_lists_the_team_and_invites_on_the_database_too(scene: Scene) -> None:
    email = address(scene, "Bob")
    invited = scene.told_here("users", "invite", "--email", email, "--role", "viewer", "--organization", scene.acme)
    assert invited["link"].startswith(f"{scene.made.live.base_url}/join/")
    listed = scene.told_there("users", "list")["objects"]
    assert {one["email"] for one in listed} == {email, address(scene, "Alice")}
    table = scene.there("users", "list").stdout
    assert f"viewer of {scene.acme} (invited)" in table
    assert "disabled at" not in table
    changed = scene.told_here("users", "update", email, "--role", "developer")
    assert changed["memberships"][0]["role"] == "developer"
    again = scene.there("users", "invite", "--email", email, "--role", "viewer")
    assert refused(again, "This address is in the team already")
    for change in (scene.here, scene.there):
        assert change("users", "update", "nobody@example.com", "--role", "viewer") == (1, "", "user not found\n")


def test_makes_and_shows_customers_both_ways(scene: Scene) -> None:
    bound = scene.login("Bo", bank_guid=scene.north)
    args = ["customers", "create", "--type", "individual", "--label", "vip", "--personal-data", "-"]
    said = json.dumps(PERSON)
    made = [
        scene.told_there(*args, "--bank", scene.north, said=said, token=bound),
        scene.told_here(*args, "--bank", scene.north, said=said),
    ]
    for one in made:
        assert (one["bank_guid"], one["labels"], "name" in one) == (scene.north, ["vip"], False)

        def is_settled(guid: str = one["guid"]) -> Any:  # noqa: ANN401 - whether
            return scene.told_there("customers", "show", guid)["state"] == "unverified"

        eventually(is_settled)
        for more in [], ["--pii"]:
            there, here = (
                tell("customers", "show", one["guid"], *more) for tell in (scene.told_there, scene.told_here)
            )
            assert there == here
        assert there["name"] == PERSON["name"]
    for more in [], ["--bank", scene.north], ["--label", "vip"], ["--type", "individual", "--pii"]:
        there = scene.told_there("customers", "list", *more)
        assert [one["guid"] for one in there["objects"]] == [made[1]["guid"], made[0]["guid"]]
    assert there == scene.told_here("customers", "list", "--bank", scene.north, "--pii")
    assert scene.told_there("customers", "list", "--label", "other")["total"] == 0
    for tell in (scene.told_there, scene.told_here):
        assert tell("customers", "update", made[0]["guid"], "--state", "unverified")["state"] == "unverified"


def test_shows_personal_data_when_it_is_asked_for_alone(scene: Scene) -> None:
    args = ["customers", "create", "--type", "individual", "--bank", scene.north, "--personal-data", "-"]
    guid = scene.told_here(*args, said=json.dumps(PERSON))["guid"]
    for run in (scene.here, scene.there):
        for words in ["show", guid], ["list"], ["update", guid, "--state", "unverified"]:
            for more in [], ["--json"]:
                done = run("customers", *words, *more)
                assert done.returncode == 0
                assert "anary" not in done.stdout + done.stderr
        assert "first: Canary last: Singer" in run("customers", "show", guid, "--pii").stdout.replace(";", "")
        assert "canary@example.com" in run("customers", "list", "--pii").stdout
    viewer = scene.login("Bob", "viewer")
    for words in ["show", guid], ["list"]:
        done = scene.there("customers", *words, "--pii", token=viewer)
        assert refused(done, "Invalid scopes. Required: customers:pii:read")


def test_makes_no_customer_in_another_bank_than_the_tokens(scene: Scene) -> None:
    args = ["customers", "create", "--type", "individual"]
    assert refused(scene.there(*args, "--bank", scene.north), f"The token works in no bank, not in {scene.north}")
    assert refused(scene.there(*args), "Invalid Subject type. Required: bank")
    bound = scene.login("Bo", bank_guid=scene.north)
    south = scene.told_there("banks", "create", "--name", "South")["guid"]
    done = scene.there(*args, "--bank", south, token=bound)
    assert refused(done, f"The token works in the bank {scene.north}, not in {south}")
    assert refused(scene.here(*args), "name one with --bank GUID")
    assert scene.told_there("customers", "list")["total"] == 0


def test_lists_and_withdraws_an_invitation_on_the_database(scene: Scene) -> None:
    email = address(scene, "Eve")
    args = ["users", "invite", "--email", email, "--role", "viewer", "--organization", scene.acme]
    assert "whoever opens it is let in under that address" in scene.here(*args).stdout
    there = next(one for one in scene.told_there("users", "list")["objects"] if one["email"] == email)
    assert there in scene.told_here("users", "list")["objects"]
    asked = scene.here("users", "disable", email)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith(f"The invitation of {email} will be withdrawn")
    assert scene.told_here("users", "disable", email, "--yes")["memberships"][0]["state"] == "withdrawn"
    for run in (scene.here, scene.there):
        assert run("users", "show", email) == (1, "", "user not found\n")


@pytest.mark.parametrize(
    ("said", "code", "part"),
    [
        ("", 2, "takes a JSON object"),
        ('["Canary"]', 2, "takes a JSON object"),
        ('{"name": "Canary', 2, "takes a JSON object"),
        ('{"type": "business"}', 2, "knows name, address"),
        ('{"Canary": 1}', 2, "knows name, address"),
        ('{"name": {"first": "Canary"}}', 1, "Customer name required"),
        ('{"date_of_birth": "Canary"}', 1, "date_of_birth"),
    ],
)
def test_says_what_is_wrong_with_personal_data_without_repeating_it(
    scene: Scene, said: str, code: int, part: str
) -> None:
    args = ["customers", "create", "--type", "individual", "--bank", scene.north, "--personal-data", "-"]
    bound = scene.login("Bo", bank_guid=scene.north)
    for done in (scene.here(*args, said=said), scene.there(*args, said=said, token=bound)):
        assert (done.returncode, done.stdout) == (code, "")
        assert part in done.stderr
        assert "Canary" not in done.stderr


def test_says_that_a_file_cannot_be_read(scene: Scene) -> None:
    args = ["customers", "create", "--type", "individual", "--bank", scene.north, "--personal-data", "no-such-file"]
    assert refused(scene.here(*args), "no-such-file cannot be read")
