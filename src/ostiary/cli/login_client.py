"""Gets tokens from a server for the person who signed in there, and keeps them fresh."""

import platform
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx2

from ostiary import __version__
from ostiary.cli import show
from ostiary.cli.login_profile import NotSignedIn, Profile, ProfileFile
from ostiary.cli.server_address import unlike_an_ostiary
from ostiary.errors import OstiaryError

CLIENT_ID = "ostiary-cli"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
WAIT_SECONDS = 30
# RFC 8628 §3.5: when a server names no pause, and how much more each time it says slow_down.
SLOWER_SECONDS = 5
LONGEST_PAUSE_SECONDS = 60
# A token that ends while a request travels is as good as none.
SPARE_SECONDS = 30
# The last is Python's word for a name that no machine can have.
NO_WAY = (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError)
# No Ostiary gives a token or a code for longer: beyond it are numbers that clocks cannot add.
LONGEST_LIFE_SECONDS = 24 * 3600
USER_AGENT = f"ostiary/{__version__} ({platform.system()})"


class NoAnswer(OstiaryError):  # noqa: N818 - reads as what happened
    """The server was not reached, or what answered is no Ostiary."""


class Refusal(OstiaryError):  # noqa: N818 - the server's own word
    """What an OAuth endpoint refused, by its code."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(show.clean(description or error))
        self.error = error


def ask(server: str, path: str, sent: Mapping[str, str]) -> dict[str, Any]:
    """What an OAuth endpoint answers to the command line; raises Refusal or NoAnswer."""
    url = f"{server}{path}"
    try:
        response = httpx2.post(
            url, data={"client_id": CLIENT_ID, **sent}, headers={"User-Agent": USER_AGENT}, timeout=WAIT_SECONDS
        )
    except NO_WAY as error:
        raise NoAnswer(f"No answer from {url}: {error}") from error
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or (not response.is_success and "error" not in answer):
        raise NoAnswer(unlike_an_ostiary(url))
    if response.is_success:
        return answer
    if response.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise NoAnswer(f"{url} is not able to answer now: {show.clean(answer.get('error_description'))}")
    raise Refusal(str(answer["error"]), str(answer.get("error_description") or ""))


class Codes(NamedTuple):
    """What a person is shown, and what waits for them (RFC 8628 §3.2)."""

    link: str
    user_code: str
    device_code: str
    expires_in: int
    interval: int


def codes_of(server: str, answer: Mapping[str, Any]) -> Codes:
    """Raises NoAnswer for an answer without codes."""
    return Codes(
        _word(server, answer, "verification_uri_complete"),
        _word(server, answer, "user_code"),
        _word(server, answer, "device_code"),
        _seconds(server, answer, "expires_in", LONGEST_LIFE_SECONDS),
        _seconds(server, {"interval": SLOWER_SECONDS, **answer}, "interval", LONGEST_PAUSE_SECONDS),
    )


def profile_of(server: str, answer: Mapping[str, Any]) -> Profile:
    """Of an answer with tokens; raises NoAnswer for one without."""
    expires_at = time.time() + _seconds(server, answer, "expires_in", LONGEST_LIFE_SECONDS)
    return Profile(server, _word(server, answer, "access_token"), expires_at, _word(server, answer, "refresh_token"))


def _word(server: str, answer: Mapping[str, Any], name: str) -> str:
    told = answer.get(name)
    if not isinstance(told, str) or not told:
        raise NoAnswer(unlike_an_ostiary(server))
    return told


def _seconds(server: str, answer: Mapping[str, Any], name: str, longest: int) -> int:
    told = answer.get(name)
    # True is an int to Python.
    if type(told) is not int or not 0 <= told <= longest:
        raise NoAnswer(unlike_an_ostiary(server))
    return told


class LoginClient:
    """Keeps the access token of a profile one that counts."""

    def __init__(self, file: ProfileFile) -> None:
        self.file = file

    def access_token(self) -> str:
        """One that lives; raises NotSignedIn or NoAnswer."""
        profile = self.file.get()
        if profile.expires_at - time.time() > SPARE_SECONDS:
            return profile.access_token
        return self.refreshed(profile.access_token)

    def refreshed(self, stale: str) -> str:
        """One in place of a token that has expired; raises NotSignedIn or NoAnswer."""
        with self.file.locked():
            profile = self.file.get()
            if profile.access_token != stale:
                # Another command was faster.
                return profile.access_token
            sent = {"grant_type": "refresh_token", "refresh_token": profile.refresh_token}
            try:
                fresh = profile_of(profile.server, ask(profile.server, "/oauth/token", sent))
            except Refusal as error:
                raise NotSignedIn(f"{_advised(str(error))} with: {self.file.way_in()}") from error
            self.file.save(fresh)
            return fresh.access_token


def _advised(said: str) -> str:
    """A refusal that ends with what to do; the server's own words often do already."""
    return said if said.endswith("sign in again") else f"{said}. Sign in again"
