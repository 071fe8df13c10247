"""`ostiary init`: from nothing to a pair that works, or nothing at all."""

import datetime as dt

import pytest

from ostiary import clock
from tests.cli.conftest import Run, strict_json

ACME = ("init", "--organization", "Acme", "--bank", "North")
PAIR = {"organization_guid", "bank_guid", "client_id", "client_secret"}


def life(made: dict[str, str]) -> dt.timedelta:
    created_at, expires_at = (dt.datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at"))
    assert abs(clock.now() - created_at) < dt.timedelta(minutes=1)
    return expires_at - created_at


def test_makes_a_sandbox_bank_with_a_key_that_lives_90_days(run: Run) -> None:
    made = strict_json(run(*ACME, "--json"))
    assert made.keys() >= PAIR
    assert made["client_secret"].startswith("ost_sandbox_")
    assert abs(life(made) - dt.timedelta(days=90)) < dt.timedelta(seconds=5)
    shown = strict_json(run("banks", "show", made["bank_guid"], "--json"))
    assert (shown["name"], shown["type"], shown["organization_guid"]) == ("North", "sandbox", made["organization_guid"])


def test_makes_a_production_bank_only_with_addresses(run: Run) -> None:
    refused = run(*ACME, "--type", "production", "--json")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "address" in refused.stderr
    for name in ("organizations", "banks", "keys"):
        assert strict_json(run(name, "list", "--json"))["total"] == 0
    made = strict_json(run(*ACME, "--type", "production", "--allow", "192.0.2.0/24", "--allow", "::1", "--json"))
    assert made["client_secret"].startswith("ost_production_")
    assert made["ip_allowlist"] == ["192.0.2.0/24", "::1/128"]


@pytest.mark.parametrize(
    ("written", "meant"), [("45s", dt.timedelta(seconds=45)), ("12h", dt.timedelta(hours=12)), ("1d", dt.timedelta(1))]
)
def test_makes_a_key_that_lives_as_long_as_it_is_told(run: Run, written: str, meant: dt.timedelta) -> None:
    made = strict_json(run(*ACME, "--expires-in", written, "--json"))
    assert abs(life(made) - meant) < dt.timedelta(seconds=5)


def test_prints_a_pair_for_people_too(run: Run) -> None:
    shown = run(*ACME).stdout
    assert "ostid_" in shown
    assert "ost_sandbox_" in shown
