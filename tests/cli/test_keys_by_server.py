"""`ostiary keys --server`: the same life of a key through the API, told in the same words."""

from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from ostiary.applications.models import Application
from tests.cli.by_server import Scene, made, missing, refused, scene
from tests.cli.conftest import strict_json

__all__ = ["made", "scene"]

pytestmark = pytest.mark.any_database

UNTOLD = {"status", "observed_since", "last_used_at", "last_used_from"}


def new_key(scene: Scene, *more: str) -> dict[str, Any]:
    made: dict[str, Any] = scene.told_there("keys", "create", "--bank", scene.north, "--name", "Till", *more)
    return made


def token_status(scene: Scene, key: dict[str, Any]) -> int:
    sent = {"grant_type": "client_credentials", "client_id": key["client_id"], "client_secret": key["client_secret"]}
    return httpx2.post(f"{scene.made.live.base_url}/oauth/token", json=sent, timeout=60).status_code


def test_makes_keys_that_work_and_tells_what_the_database_tells(scene: Scene) -> None:
    for kind in (["--bank", scene.north], ["--organization-key", "--organization", scene.acme]):
        args = ["keys", "create", *kind, "--name", "Till", "--allow", "127.0.0.1", "--expires-in", "30d"]
        there, here = scene.told_there(*args), scene.told_here(*args)
        assert token_status(scene, there) == token_status(scene, here) == 200
        assert there.keys() == here.keys() - UNTOLD
        del there["client_secret"]
        assert missing(there, scene.told_here("keys", "show", there["guid"])) == UNTOLD
        for id_ in (there["client_id"], there["guid"]):
            shown = scene.told_there("keys", "show", id_)
            assert missing(shown, there) == ({"bank_guid"} if kind[0] == "--bank" else set())


def test_lists_what_the_database_lists(scene: Scene) -> None:
    new_key(scene)
    strict_json(scene.there("keys", "create", "--organization-key", "--name", "Head office", "--json"))
    every = scene.told_there("keys", "list")
    assert [(one["name"], one["kind"]) for one in every["objects"]] == [
        ("Till", "bank"),
        ("North key", "bank"),
        ("Head office", "organization"),
    ]
    there, here = (tell("keys", "list", "--bank", scene.north) for tell in (scene.told_there, scene.told_here))
    assert there["total"] == here["total"] == 2
    for one, other in zip(there["objects"], here["objects"], strict=True):
        assert missing(one, other) == UNTOLD


def test_lists_as_a_table_without_columns_of_which_nothing_is_known(scene: Scene) -> None:
    heading, line = scene.there("keys", "list", "--bank", scene.north).stdout.splitlines()
    assert heading.split() == ["name", "client", "id", "kind", "expires", "at"]
    assert line.startswith("North key  ostid_")
    assert "status" in scene.here("keys", "list", "--bank", scene.north).stdout
    assert "There is no key yet" in scene.there("keys", "list", token=nobodys_token(scene)).stdout


def nobodys_token(scene: Scene) -> str:
    empty = scene.told_here("organizations", "create", "--name", "Empty")["guid"]
    return Scene(scene.made, empty, "", "").login("Eve")


def test_lists_more_keys_than_fit_on_a_page(scene: Scene) -> None:
    with scene.made.office.house.store.writing() as db:
        rows = sa.select(Application.__table__).where(Application.bank_guid == scene.north)
        key = dict(db.execute(rows).mappings().one())
        start = f"{scene.north[:28]}"
        copies = [key | {"guid": f"{start}{n:04}", "client_id": f"ostid_{start}{n:010}"} for n in range(250)]
        db.execute(sa.insert(Application.__table__), copies)  # type: ignore[arg-type]  # a table, in stubs a clause
    listed = scene.told_there("keys", "list", "--bank", scene.north)
    assert listed["total"] == len({one["guid"] for one in listed["objects"]}) == 251


def test_replaces_and_clears_the_addresses(scene: Scene) -> None:
    id_ = new_key(scene)["client_id"]
    assert scene.told_there("keys", "allow", id_, "10.1.2.0/24", "::1")["ip_allowlist"] == ["10.1.2.0/24", "::1/128"]
    assert scene.told_there("keys", "allow", id_, "--any")["ip_allowlist"] == []
    assert refused(scene.there("keys", "allow", id_, "10.0.0.0/33"), "10.0.0.0/33")


def test_asks_before_it_revokes_and_forgets_what_is_revoked(scene: Scene) -> None:
    made = new_key(scene)
    asked = scene.there("keys", "revoke", made["client_id"])
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith(f"Till is the key {made['client_id']}; the dashboard tells who uses it. It and its")
    assert "Nothing was changed. Repeat with --yes" in asked.stderr
    assert token_status(scene, made) == 200
    assert scene.told_there("keys", "revoke", made["client_id"], "--yes")["status"] == "revoked"
    assert token_status(scene, made) == 401
    assert refused(scene.there("keys", "show", made["client_id"]), "application not found")
    assert scene.told_here("keys", "show", made["client_id"])["status"] == "revoked"


def test_shows_a_secret_only_when_it_is_made(scene: Scene) -> None:
    made = new_key(scene)
    secret, id_ = made["client_secret"], made["client_id"]
    for args in ["show", id_], ["list"], ["allow", id_, "::1"], ["revoke", id_], ["revoke", id_, "--yes"]:
        for more in [], ["--json"]:
            done = scene.there("keys", *args, *more)
            assert secret not in done.stdout + done.stderr
    told = scene.there("keys", "create", "--bank", scene.north, "--name", "x")
    assert told.stdout.count("ost_sandbox_") == 1
    assert "only time the secret is shown" in told.stdout


@pytest.mark.parametrize(
    "args", [["pause"], ["pause", "--yes"], ["resume"], ["observe"], ["observed"], ["stop-observing"]]
)
def test_pauses_and_observes_no_key_by_server(scene: Scene, args: Sequence[str]) -> None:
    done = scene.there("keys", args[0], "ostid_x", *args[1:])
    assert refused(done, "The API does not offer this", "dashboard", f"ostiary keys {args[0]} ostid_x")


@pytest.mark.parametrize("id_", ["nobody", "", "..", "../banks", "a/b", "a?b", "x" * 200, "%2e%2e", "ä"])
@pytest.mark.parametrize("args", [["show"], ["revoke", "--yes"], ["allow", "--any"]])
def test_knows_no_key_that_is_none(scene: Scene, args: list[str], id_: str) -> None:
    assert scene.there("keys", *args, id_, "--json") == (1, "", "application not found\n")


def test_finds_no_foreign_bank_and_no_foreign_key(scene: Scene, made: Any) -> None:  # noqa: ANN401 - as given
    other = made.live.cli("init", "--organization", "Globex", "--bank", "East")
    for args in (
        ["create", "--name", "x", "--bank", other["bank_guid"]],
        ["show", other["client_id"]],
        ["revoke", other["client_id"], "--yes"],
    ):
        assert refused(scene.there("keys", *args), "not found")
    wrong = scene.there(
        "keys", "create", "--name", "x", "--organization-key", "--organization", other["organization_guid"]
    )
    assert refused(wrong, f"The token works in the organization {scene.acme}, not in {other['organization_guid']}")
    assert made.live.cli("keys", "show", other["client_id"])["status"] == "active"


def test_makes_no_key_in_another_bank_than_the_logins(scene: Scene) -> None:
    south = scene.told_there("banks", "create", "--name", "South")["guid"]
    bound = scene.login("Bo", bank_guid=scene.north)
    args = ["keys", "create", "--name", "x", "--bank"]
    assert refused(scene.there(*args, south, token=bound), f"The token works in the bank {scene.north}, not in {south}")
    assert scene.told_there("keys", "list", "--bank", south)["total"] == 0
    assert scene.told_there(*args, scene.north, token=bound)["bank_guid"] == scene.north


def test_lists_with_the_token_of_a_bank_key(scene: Scene) -> None:
    made = new_key(scene)
    sent = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": made["client_secret"]}
    token = httpx2.post(f"{scene.made.live.base_url}/oauth/token", json=sent, timeout=60).json()["access_token"]
    listed = scene.told_there("keys", "list", token=token)
    assert {one["bank_guid"] for one in listed["objects"]} == {scene.north}
    assert scene.there("keys", "show", "nobody", token=token) == (1, "", "application not found\n")
    refusal = scene.there("keys", "create", "--bank", scene.north, "--name", "x", token=token)
    assert refused(refusal, "Invalid Subject type. Required: user")


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["--name", ""], "name"),
        (["--name", "x" * 129], "name"),
        (["--name", "x", "--allow", "here"], "here"),
        (["--name", "x", "--expires-in", "99999d"], "expire"),
    ],
)
def test_makes_no_key_of_wrong_facts(scene: Scene, args: list[str], part: str) -> None:
    assert refused(scene.there("keys", "create", "--bank", scene.north, *args, "--json"), part)
    assert scene.told_there("keys", "list", "--bank", scene.north)["total"] == 1
