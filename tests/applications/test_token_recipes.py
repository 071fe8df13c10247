"""The token request on the page works as it is pasted, and holds no secret."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from ostiary.applications.token_recipes import ASK_FOR_SECRET, SECRET, recipes
from tests.clients.cast import claims
from tests.durability.direct import Pair, office
from tests.durability.installation import settings_of
from tests.live import LiveServer

pytestmark = pytest.mark.any_database

SECONDS = 30


@pytest.fixture
def pair(live: LiveServer) -> Iterator[Pair]:
    with office(settings_of(live)) as opened:
        yield opened.key(opened.bank())


def pasted(text: str, secret: str) -> subprocess.CompletedProcess[str]:
    """Into a POSIX shell."""
    env = {"PATH": os.environ["PATH"], SECRET: secret}
    return subprocess.run(
        ["/bin/sh", "-c", text],
        env=env,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def recipe(live: LiveServer, pair: Pair, name: str) -> str:
    found: Mapping[str, str] = {one.name: one.text for one in recipes(live.base_url, pair.client_id)}
    return found[name]


def test_gets_a_token_with_curl_as_shown(live: LiveServer, pair: Pair) -> None:
    done = pasted(recipe(live, pair, "curl"), pair.secret)
    assert done.returncode == 0, done.stderr
    assert claims(json.loads(done.stdout)["access_token"])["client_id"] == pair.client_id


def test_gets_a_token_with_python_as_shown(live: LiveServer, pair: Pair) -> None:
    done = subprocess.run(
        [sys.executable, "-c", recipe(live, pair, "Python")],
        env={SECRET: pair.secret},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert claims(done.stdout.strip())["client_id"] == pair.client_id


def test_asks_for_the_secret_in_a_posix_shell(live: LiveServer, pair: Pair) -> None:
    """The terminal's part, stty, is missing here; what counts is the variable that the request then reads."""
    without_terminal = ASK_FOR_SECRET.replace("stty -echo; ", "").replace("stty echo; ", "")
    done = subprocess.run(
        ["/bin/sh", "-c", f"{without_terminal}\n{recipe(live, pair, 'curl')}"],
        env={"PATH": os.environ["PATH"]},
        input=f"{pair.secret}\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"access_token"' in done.stdout


def test_fills_in_the_id_and_leaves_the_secret_to_the_environment() -> None:
    shown = recipes("https://keys.example.com/sub", "ostid_" + "a" * 38)
    assert [one.name for one in shown] == ["curl", "HTTPie", "Python"]
    for one in shown:
        assert "ostid_" + "a" * 38 in one.text
        assert "https://keys.example.com/sub/oauth/token" in one.text
        assert SECRET in one.text
