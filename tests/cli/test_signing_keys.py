"""`ostiary signing-keys`: what an operator sees and does of the keys that sign."""

from tests.cli.conftest import Run, strict_json


def test_lists_what_each_key_does(run: Run) -> None:
    (first,) = strict_json(run("signing-keys", "list", "--json"))["objects"]
    assert (first["status"], len(first["kid"])) == ("signs", 43)
    assert first["signs_from"] == first["created_at"]
    added = strict_json(run("signing-keys", "rotate", "--json"))
    listed = strict_json(run("signing-keys", "list", "--json"))["objects"]
    assert [(one["kid"], one["status"]) for one in listed] == [(first["kid"], "signs"), (added["kid"], "waits")]
    assert listed[1]["signs_from"] == added["signs_from"] > listed[1]["created_at"]
    assert first["kid"] in run("signing-keys", "list").stdout


def test_retires_a_key_once_and_asks_first(run: Run) -> None:
    (first,) = strict_json(run("signing-keys", "list", "--json"))["objects"]
    asked = run("signing-keys", "retire", first["kid"], said="n\n")
    assert asked.returncode == 1
    assert "Every token it has signed is refused at once" in asked.stderr
    done = strict_json(run("signing-keys", "retire", first["kid"], "--yes", "--json"))
    assert (done["kid"], done["status"]) == (first["kid"], "retired")
    (left,) = strict_json(run("signing-keys", "list", "--json"))["objects"]
    assert left["kid"] != first["kid"]
    assert left["status"] == "signs"
    again = run("signing-keys", "retire", first["kid"], "--yes")
    assert (again.returncode, again.stderr) == (1, "signing key not found\n")
