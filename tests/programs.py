"""A program in which somebody signs in, seen from outside: it asks for codes, waits, refreshes and signs out."""

import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.apps import client_of
from tests.people import Cast

CLIENT_ID = "ostiary-cli"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ADDRESS = "198.51.100.4"
USER_AGENT = "ostiary/0 (Linux)"
SHOWN_CODE = re.compile(r"code:  ([A-Z]{4}-[A-Z]{4})")


class Program:
    def __init__(self, ostiary: Ostiary, settings: Settings, address: str = ADDRESS) -> None:
        self.http = client_of(ostiary, settings, address, {"User-Agent": USER_AGENT})
        self.codes: dict[str, Any] = {}

    def post(self, path: str, **sent: str) -> Response:
        return self.http.post(path, data={"client_id": CLIENT_ID, **sent})

    def begin(self, **more: str) -> str:
        """The user code."""
        answer = self.post("/oauth/device_authorization", **more)
        assert answer.status_code == 200, answer.text
        self.codes = answer.json()
        return str(self.codes["user_code"])

    def poll(self) -> Response:
        return self.post("/oauth/token", grant_type=DEVICE_CODE, device_code=self.codes["device_code"])

    def refresh(self, refresh_token: str, **more: str) -> Response:
        return self.post("/oauth/token", grant_type="refresh_token", refresh_token=refresh_token, **more)

    def revoke(self, token: str) -> Response:
        return self.post("/oauth/revoke", token=token)

    def get(self, path: str, token: str) -> Response:
        return self.http.get(path, headers={"Authorization": f"Bearer {token}"})


def approve(cast: Cast, browser: TestClient, user_code: str, organization_guid: str = "", **more: str) -> Response:
    """As the form on the page is sent."""
    form = {"user_code": user_code, "organization_guid": organization_guid or cast.acme, "confirmed": "yes", **more}
    return browser.post("/device/approval", data=form)


def signed_in(cast: Cast, program: Program, name: str, *, bank: str = "", **asked: str) -> dict[str, Any]:
    """What a program gets once somebody has approved it."""
    code = program.begin(**asked)
    answer = approve(cast, cast.signed_in(name), code, **({"bank_guid": bank} if bank else {}))
    assert answer.status_code == 303, answer.text
    found = program.poll()
    assert found.status_code == 200, found.text
    told: dict[str, Any] = found.json()
    return told


def start_login(env: Mapping[str, str], *args: str) -> "subprocess.Popen[str]":
    """The command line itself, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "ostiary", "login", *args],
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def code_of(process: "subprocess.Popen[str]") -> str:
    """What it shows its person."""
    assert process.stderr is not None
    said = process.stderr.readline() + process.stderr.readline()
    found = SHOWN_CODE.search(said)
    assert found, said
    assert "/device?user_code=" + found[1] in said
    return found[1]


def words(page: str) -> str:
    """What a page says, without what it is made of."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def refusal(answer: Response) -> tuple[int, str]:
    assert re.fullmatch(r"[ -~]+", answer.json()["error_description"])
    return answer.status_code, answer.json()["error"]
