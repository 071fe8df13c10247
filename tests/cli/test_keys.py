"""`ostiary keys`: the whole life of a key, from the command line alone."""

from typing import Any

import pytest
import sqlalchemy as sa

from ostiary.applications.models import OTHERS, UNKNOWN, Application
from ostiary.applications.usage import Usage
from ostiary.db.store import Store
from tests.cli.conftest import Run, strict_json

KNOWN_PREFIX = "ost_sandbox_"


def test_leads_a_key_through_its_life(run: Run, first: dict[str, Any]) -> None:
    made = strict_json(run("keys", "create", "--bank", first["bank_guid"], "--name", "Payroll", "--json"))
    assert (made["kind"], made["bank_guid"], made["status"]) == ("bank", first["bank_guid"], "active")
    assert made["client_secret"].startswith(KNOWN_PREFIX)
    for id_ in (made["client_id"], made["guid"]):
        assert strict_json(run("keys", "show", id_, "--json"))["name"] == "Payroll"
    for args, status in (("pause", "--yes"), "paused"), (("resume",), "active"), (("revoke", "--yes"), "revoked"):
        changed = strict_json(run("keys", args[0], made["client_id"], *args[1:], "--json"))
        assert (changed["guid"], changed["status"]) == (made["guid"], status)


def test_shows_a_secret_only_when_it_is_made(run: Run, first: dict[str, Any]) -> None:
    secret, id_ = first["client_secret"], first["client_id"]
    for args in ["show", id_], ["list"], ["allow", id_, "10.0.0.0/8"], ["pause", id_, "--yes"], ["resume", id_]:
        for more in [], ["--json"]:
            done = run("keys", *args, *more)
            assert done.returncode == 0
            assert secret not in done.stdout + done.stderr


def test_says_that_the_secret_is_shown_once(run: Run, first: dict[str, Any]) -> None:
    done = run("keys", "create", "--bank", first["bank_guid"], "--name", "x")
    assert KNOWN_PREFIX in done.stdout
    assert "only time the secret is shown" in done.stdout


def test_replaces_and_clears_the_addresses(run: Run, first: dict[str, Any]) -> None:
    id_ = first["client_id"]
    changed = strict_json(run("keys", "allow", id_, "10.1.2.0/24", "::1", "--json"))
    assert changed["ip_allowlist"] == ["10.1.2.0/24", "::1/128"]
    assert strict_json(run("keys", "allow", id_, "--any", "--json"))["ip_allowlist"] == []
    refused = run("keys", "allow", id_, "10.0.0.0/33")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "10.0.0.0/33" in refused.stderr


def test_learns_the_addresses_of_a_key(run: Run, first: dict[str, Any], store: Store) -> None:
    id_ = first["client_id"]
    assert strict_json(run("keys", "observe", id_, "--json"))["observed_since"]
    assert "No use was seen yet." in run("keys", "observed", id_).stdout
    usage = Usage()
    for address in ("192.0.2.4", "192.0.2.5", "192.0.2.5", UNKNOWN, OTHERS):
        usage.saw(first["guid"], address)
    usage.write(store)
    found = strict_json(run("keys", "observed", id_, "--json"))
    assert (found["addresses"], found["has_more_addresses"], found["uses"]) == (3, True, 5)
    assert found["smallest_ip_allowlist"] == found["proposed_ip_allowlist"] == ["192.0.2.4/31"]
    assert {one["address"]: (one["uses"], one["with_proposed_list"]) for one in found["seen"]} == {
        "192.0.2.4": (1, "let in"),
        "192.0.2.5": (2, "let in"),
        None: (1, "cut off"),
        "others": (1, None),
    }
    table = run("keys", "observed", id_).stdout
    assert "192.0.2.4/31" in table
    assert first["client_secret"] not in table
    allowed = strict_json(run("keys", "allow", id_, *found["smallest_ip_allowlist"], "--json"))
    assert (allowed["ip_allowlist"], allowed["observed_since"]) == (["192.0.2.4/31"], None)
    for command in ("observed", "observe"):
        refused = run("keys", command, id_)
        assert (refused.returncode, refused.stdout) == (1, "")


def test_asks_before_it_forgets_addresses(run: Run, first: dict[str, Any]) -> None:
    assert run("keys", "observe", first["client_id"]).returncode == 0
    asked = run("keys", "stop-observing", first["client_id"])
    assert (asked.returncode, "will be forgotten" in asked.stderr) == (1, True)
    assert strict_json(run("keys", "show", first["client_id"], "--json"))["observed_since"]
    done = run("keys", "stop-observing", first["client_id"], "--yes", "--json")
    assert strict_json(done)["observed_since"] is None


def test_brings_no_revoked_key_back(run: Run, first: dict[str, Any]) -> None:
    assert run("keys", "revoke", first["client_id"], "--yes").returncode == 0
    done = run("keys", "resume", first["client_id"])
    assert (done.returncode, done.stdout) == (1, "")
    assert "revoked" in done.stderr


def test_makes_an_organizations_key_where_there_is_one_organization(run: Run, first: dict[str, Any]) -> None:
    args = ["keys", "create", "--organization-key", "--name", "Head office", "--json"]
    made = strict_json(run(*args))
    assert (made["kind"], made["organization_guid"]) == ("organization", first["organization_guid"])
    assert made["bank_guid"] is None
    strict_json(run("organizations", "create", "--name", "Globex", "--json"))
    asked = run(*args)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "--organization GUID" in asked.stderr
    assert strict_json(run(*args, "--organization", first["organization_guid"]))["kind"] == "organization"


def test_lists_the_keys_of_one_bank_or_all(run: Run, first: dict[str, Any]) -> None:
    other = strict_json(run("init", "--organization", "Acme", "--bank", "North", "--json"))
    assert other["organization_guid"] != first["organization_guid"]
    every = strict_json(run("keys", "list", "--json"))
    assert {one["client_id"] for one in every["objects"]} == {first["client_id"], other["client_id"]}
    one = strict_json(run("keys", "list", "--bank", first["bank_guid"], "--json"))
    assert [each["client_id"] for each in one["objects"]] == [first["client_id"]]
    assert first["client_id"] in run("keys", "list").stdout


@pytest.mark.parametrize("expires_in", ["999999999d", "99999999d", "0d", "1w", "-1d", "1.5h", "1e3d", "٣d"])
def test_says_how_a_life_is_written(run: Run, first: dict[str, Any], expires_in: str) -> None:
    done = run("keys", "create", "--bank", first["bank_guid"], "--name", "x", f"--expires-in={expires_in}", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--expires-in ")


@pytest.mark.usefixtures("first")
def test_lists_more_keys_than_fit_on_a_page(run: Run, store: Store) -> None:
    with store.writing() as db:
        key = dict(db.execute(sa.select(Application.__table__)).mappings().one())
        copies = [key | {"guid": f"{number:032x}", "client_id": f"ostid_{number:038}"} for number in range(1001)]
        db.execute(sa.insert(Application.__table__), copies)  # type: ignore[arg-type]  # a table, in stubs a clause
    listed = strict_json(run("keys", "list", "--json"))
    assert listed["total"] == len(listed["objects"]) == 1002


@pytest.mark.parametrize("command", ["show", "pause", "resume", "revoke", "observe", "observed", "stop-observing"])
def test_knows_no_key_that_is_none(run: Run, command: str) -> None:
    yes = ["--yes"] if command in {"pause", "revoke", "stop-observing"} else []
    done = run("keys", command, "nobody", *yes, "--json")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "application not found\n")


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["--name", ""], "name"),
        (["--name", "x" * 129], "name"),
        (["--name", "x", "--allow", "here"], "here"),
        (["--name", "x", "--expires-in", "99999d"], "expire"),
    ],
)
def test_makes_no_key_of_wrong_facts(run: Run, first: dict[str, Any], args: list[str], part: str) -> None:
    done = run("keys", "create", "--bank", first["bank_guid"], *args, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert part in done.stderr
    assert strict_json(run("keys", "list", "--json"))["total"] == 1
