"""`ostiary banks`, `ostiary organizations` and `ostiary init`."""

from typing import Any

import pytest

from tests.cli.conftest import Run, strict_json


def test_closes_and_reopens_a_bank(run: Run, first: dict[str, Any]) -> None:
    guid = first["bank_guid"]
    asked = run("banks", "close", guid)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith("Every key and token of North will be refused at once.")
    assert "Repeat with --yes" in asked.stderr
    assert strict_json(run("banks", "show", guid, "--json"))["closed_at"] is None
    assert strict_json(run("banks", "close", guid, "--yes", "--json"))["closed_at"]
    assert strict_json(run("banks", "reopen", guid, "--json"))["closed_at"] is None


def test_promotes_a_bank_once_it_is_told_to(run: Run, first: dict[str, Any]) -> None:
    asked = run("banks", "promote", first["bank_guid"])
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "becomes a production bank" in asked.stderr
    assert strict_json(run("banks", "promote", first["bank_guid"], "--yes", "--json"))["type"] == "production"


def test_makes_nothing_of_an_init_that_fails(run: Run) -> None:
    done = run("init", "--organization", "Acme", "--bank", "North", "--type", "production", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr
    assert strict_json(run("organizations", "list", "--json"))["total"] == 0
    made = run("init", "--organization", "Acme", "--bank", "North", "--type", "production", "--allow", "::1", "--json")
    assert strict_json(made)["client_secret"].startswith("ost_production_")


def test_makes_a_second_bank_for_an_organization(run: Run, first: dict[str, Any]) -> None:
    args = ["banks", "create", "--organization", first["organization_guid"], "--name", "South", "--json"]
    made = strict_json(run(*args))
    listed = strict_json(run("banks", "list", "--json"))
    assert [one["name"] for one in listed["objects"]] == ["South", "North"]
    assert strict_json(run("banks", "show", made["guid"], "--json")) == made


@pytest.mark.parametrize(
    "args", [["banks", "show", "x"], ["banks", "close", "x", "--yes"], ["banks", "promote", "x", "--yes"]]
)
def test_knows_no_bank_that_is_none(run: Run, args: list[str]) -> None:
    assert run(*args, "--json") == (1, "", "bank not found\n")


def test_makes_no_bank_for_nobody(run: Run) -> None:
    done = run("banks", "create", "--organization", "nobody", "--name", "x", "--json")
    assert done == (1, "", "organization not found\n")


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_makes_no_organization_without_a_proper_name(run: Run, name: str) -> None:
    done = run("organizations", "create", "--name", name, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "name" in done.stderr


def test_shows_ids_whole_beside_the_longest_names(run: Run) -> None:
    first = strict_json(run("init", "--organization", "A" * 128, "--bank", "北" * 128, "--json"))
    for command, ids in (("organizations", ["organization_guid"]), ("banks", ["bank_guid", "organization_guid"])):
        shown = run(command, "list").stdout
        assert all(first[id_] in shown for id_ in ids)
    assert first["client_id"] in run("keys", "list").stdout


def test_shows_names_as_they_are_and_no_commands_to_the_terminal(run: Run) -> None:
    strict_json(run("organizations", "create", "--name", "[red]:smile: Ümläut 北行", "--json"))
    assert "[red]:smile: Ümläut 北行" in run("organizations", "list").stdout
    shown = run("organizations", "list").stdout
    assert "\x1b" not in shown
