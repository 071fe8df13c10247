"""Creates through a server whose answer is lost on the way: one thing is made, and one secret is shown and works."""

import re

import httpx2
import pytest
import sqlalchemy as sa

from ostiary.applications.models import Application, ApplicationSecret
from tests.cli.by_server import Scene, made, refused, scene
from tests.cli.conftest import strict_json
from tests.cutting import cutting

__all__ = ["made", "scene"]

pytestmark = pytest.mark.any_database

SECRET = re.compile(r"ost_[a-z]+_[0-9A-Za-z]{49}")


def live_secrets(scene: Scene, name: str) -> int:
    """How many secrets the keys of this name have, in the scene's organization."""
    rows = sa.select(sa.func.count()).select_from(Application).join(ApplicationSecret)
    mine = rows.where(Application.organization_guid == scene.acme, Application.name == name)
    with scene.made.office.house.store.reading() as db:
        return db.scalar(mine) or 0


def keys_named(scene: Scene, name: str) -> list[str]:
    listed = scene.told_there("keys", "list")["objects"]
    return [one["client_id"] for one in listed if one["name"] == name]


# Before the first byte, and in the middle of the body, where the secret stands.
@pytest.mark.parametrize("cut", [0, 900])
@pytest.mark.parametrize("kind", ["--bank", "--organization-key"])
def test_makes_one_key_and_shows_one_secret_that_works(scene: Scene, cut: int, kind: str) -> None:
    of = ["--bank", scene.north] if kind == "--bank" else [kind]
    with cutting(scene.made.live.port, cut) as cutter:
        done = scene.there("keys", "create", *of, "--name", "Till", "--json", server=cutter.url)
    pair = strict_json(done)
    assert cutter.connections > 1
    assert keys_named(scene, "Till") == [pair["client_id"]]
    assert live_secrets(scene, "Till") == 1
    assert SECRET.findall(done.stdout) == [pair["client_secret"]]
    sent = {"grant_type": "client_credentials", "client_id": pair["client_id"], "client_secret": pair["client_secret"]}
    assert httpx2.post(f"{scene.made.live.base_url}/oauth/token", json=sent, timeout=60).status_code == 200


def test_makes_one_bank_and_one_invitation(scene: Scene) -> None:
    with cutting(scene.made.live.port, 0) as cutter:
        bank = scene.told_there("banks", "create", "--name", "South", server=cutter.url)
    assert cutter.connections > 1
    assert [one["guid"] for one in scene.told_there("banks", "list")["objects"]] == [bank["guid"], scene.north]
    email = f"dana{scene.acme}@example.com"
    with cutting(scene.made.live.port, 0) as cutter:
        scene.told_there("users", "invite", "--email", email, "--role", "viewer", server=cutter.url)
    assert cutter.connections > 1
    assert len([one for one in scene.told_there("users", "list")["objects"] if one["email"] == email]) == 1


def test_says_that_nothing_is_known_when_both_answers_are_lost(scene: Scene) -> None:
    args = ["keys", "create", "--bank", scene.north, "--name", "Till"]
    with cutting(scene.made.live.port, 0, 0) as cutter:
        done = scene.there(*args, server=cutter.url)
    assert refused(done, f"The connection to {cutter.url} was lost", "may have changed")
    assert cutter.connections == 2
    assert len(keys_named(scene, "Till")) == 1
    assert not SECRET.search(done.stderr)


def test_repeats_nothing_but_creates(scene: Scene) -> None:
    for args in ["banks", "update", scene.north, "--name", "Nord"], ["banks", "list"]:
        with cutting(scene.made.live.port, 0) as cutter:
            done = scene.there(*args, server=cutter.url)
        assert refused(done, "was lost")
        assert cutter.connections == 1
    assert scene.told_there("banks", "show", scene.north)["name"] == "Nord"
