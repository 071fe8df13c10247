"""A server's refusals, and what is no answer of an Ostiary at all, as one sentence each."""

import re
from typing import NamedTuple

from httpx2 import Response, codes

from ostiary import clock
from ostiary.cli import server_address, show
from ostiary.errors import OstiaryError

# Whatever a server writes, a person reads it at a terminal.
LONGEST_SENTENCE = 500
# What a server without a route, or without a method of it, answers.
UNROUTABLE = {"route not found", "Method Not Allowed"}
EXPIRED = "Signature has expired"
SECONDS = re.compile(r"[0-9]{1,9}\Z")


class Refused(OstiaryError):  # noqa: N818 - like a Problem, it is an expected answer
    """Why a server did not do it; `status` is 0 where it did not answer."""

    def __init__(
        self, sentence: str, *, status: int = 0, message_code: str = "", retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.message_code = message_code
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_absence(self) -> bool:
        """Whether the thing is not there, or nothing of its kind is for this token."""
        return self.status == codes.NOT_FOUND or self.message_code == "invalid_subject"


class Told(NamedTuple):
    """The platform's error model (wire contract §5), as far as a command repeats it."""

    message: str
    message_code: str
    what_to_do: str


def has_expired(response: Response) -> bool:
    told = _told(response, "")
    return response.status_code == codes.UNAUTHORIZED and told is not None and told.message == EXPIRED


def refusal(response: Response, server: str, token_source: str, token: str) -> Refused:
    """What an answer means that is no success; whatever it repeats of the token stays out."""
    told = _told(response, token)
    if told is None:
        return _no_ostiary(response, server, token)
    status = response.status_code
    if status in {codes.NOT_FOUND, codes.METHOD_NOT_ALLOWED} and told.message in UNROUTABLE:
        text = f"{server} does not offer this: it is an older Ostiary, or --server names a place below or above it."
    elif status == codes.UNAUTHORIZED and told.message_code != "invalid_subject":
        advice = told.what_to_do or "get a new token"
        text = f"{server} does not accept the token of {token_source}: {told.message}. What to do: {advice}"
    else:
        text = ". ".join(part for part in (told.message, told.what_to_do, _when(response)) if part)
    return Refused(
        text, status=status, message_code=told.message_code, retry_after_seconds=_retry_after_seconds(response)
    )


def unlike_an_ostiary(server: str) -> Refused:
    return Refused(server_address.unlike_an_ostiary(server))


def only_on_the_server(server: str, command: str, elsewhere: str = "") -> Refused:
    """For what the API does not offer."""
    return Refused(f"The API does not offer this. It is done {elsewhere}on the server of {server} itself: {command}")


def _no_ostiary(response: Response, server: str, token: str) -> Refused:
    status = response.status_code
    if response.is_redirect:
        # Not followed: the token would go to whatever place is named there.
        place = sentence(response.headers.get("location"), token)
        return Refused(f"{server} sends callers on to {place}; give --server the address of the Ostiary itself")
    if status >= codes.INTERNAL_SERVER_ERROR or status == codes.TOO_MANY_REQUESTS:
        when = _when(response) or "Try again later"
        return Refused(f"{server}, or a proxy before it, answered with status {status} only. {when}", status=status)
    return unlike_an_ostiary(server)


def _told(response: Response, token: str) -> Told | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or not {"status", "error_message", "message_code"} <= body.keys():
        return None
    return Told(*(sentence(body.get(name), token) for name in ("error_message", "message_code", "what_to_do")))


def sentence(value: object, token: str) -> str:
    """What somebody else wrote, as a person may read it."""
    text = value if isinstance(value, str) else ""
    hidden = text.replace(token, "(the token)") if token else text
    return show.clean(hidden)[:LONGEST_SENTENCE].rstrip(". ")


def _when(response: Response) -> str:
    seconds = _retry_after_seconds(response)
    return "" if seconds is None else f"Try again in {clock.in_words(seconds)}"


def _retry_after_seconds(response: Response) -> int | None:
    # RFC 9110 §10.2.3 knows a date as well; an Ostiary sends seconds.
    found = SECONDS.match(response.headers.get("retry-after", ""))
    return int(found[0]) if found else None
