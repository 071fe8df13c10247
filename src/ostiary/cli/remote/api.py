"""The API of a server as commands ask it: JSON both ways, every page of a list, each refusal as a sentence."""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from httpx2 import Response
from pydantic import BaseModel, ValidationError

from ostiary import __version__
from ostiary.cli.remote import refusals
from ostiary.cli.remote.place import Place, place_of
from ostiary.cli.remote.refusals import Refused
from ostiary.cli.remote.tokens import TokenSource
from ostiary.errors import NotFound
from ostiary.web import idempotency
from ostiary.web.schemas import Sent

CONNECT_SECONDS = 10
WAIT_SECONDS = 60
# Less than any server keeps an idle connection: nothing is sent into one that is just being closed.
IDLE_SECONDS = 1
PER_PAGE = 100
# How often, and how long each time, a repeat waits for its turn.
TURNS = 3
LONGEST_TURN_SECONDS = 10
# What a server says of a repeat because it knows the first, or would have said of the first as well.
ABOUT_BOTH = {httpx2.codes.BAD_REQUEST, httpx2.codes.CONFLICT, httpx2.codes.UNPROCESSABLE_CONTENT}
# Anything else in a path would be another path.
ID = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
# With these nothing has left this machine; the last is Python's word for a name that no machine can have.
UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
    UnicodeError,
)

M = TypeVar("M", bound=BaseModel)


class Lost(Refused):
    """The connection broke after the request was sent: whether it was done is not known."""


class Api:
    """One server, asked with one token at a time."""

    def __init__(self, url: str, source: TokenSource) -> None:
        self.url = url
        self._source = source
        self._take(source.token())
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(WAIT_SECONDS, connect=CONNECT_SECONDS),
            headers={"Accept": "application/json", "User-Agent": f"ostiary/{__version__}"},
            limits=httpx2.Limits(keepalive_expiry=IDLE_SECONDS),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._http.close()

    def _take(self, token: str) -> None:
        self._token = token
        self.place: Place = place_of(token)

    def get(self, path: str, **query: str) -> Mapping[str, Any]:
        return self._object(self._asked("GET", path, query=query))

    def every(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """All objects of a list, each once, page after page."""
        seen: set[str] = set()
        number, total = 0, 0
        while True:
            answer = self.get(path, page=str(number), per_page=str(PER_PAGE), **query)
            objects = _list_of(answer, self.url)
            fresh = [each for each in objects if each["guid"] not in seen]
            seen |= {each["guid"] for each in fresh}
            yield from fresh
            # What went away while we read has moved others to pages that were read before: begin again.
            is_shorter, total = answer["total"] < total, answer["total"]
            number = 0 if is_shorter else number + 1
            if not is_shorter and (not objects or number * PER_PAGE >= total):
                return

    def create(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Lost on its way, the request is sent once more: with its Idempotency-Key it makes nothing a second time."""
        headers = {idempotency.HEADER: str(uuid.uuid4())}
        try:
            response = self._asked("POST", path, body=body, headers=headers)
        except Lost as lost:
            response = self._asked_again(lost, path, body, headers)
        return self._object(response)

    def update(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._object(self._asked("PATCH", path, body=body))

    def delete(self, path: str) -> None:
        self._asked("DELETE", path)

    def shaped(self, model: type[M], answer: Mapping[str, Any]) -> M:
        """An answer as the API's own model of it."""
        try:
            return model.model_validate(answer)
        except ValidationError:
            # Without its cause, which would repeat the answer.
            raise refusals.unlike_an_ostiary(self.url) from None

    def _asked_again(self, lost: Lost, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
        for patience in reversed(range(TURNS)):
            try:
                return self._asked("POST", path, body=body, headers=headers)
            except Refused as refused:
                if refused.message_code == "request_in_progress" and patience:
                    # The server waits until the first answer cannot be on its way any more.
                    time.sleep(min(refused.retry_after_seconds or 1, LONGEST_TURN_SECONDS))
                    continue
                # Anything else says what became of the second, not of the first.
                raise refused if refused.status in ABOUT_BOTH else lost from None
        raise lost

    def _asked(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer of a success; raises Refused."""

        def ask() -> Response:
            sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
            return self._http.request(method, f"{self.url}{path}", params=query, json=body, headers=sent)

        response = self._answered(ask, method)
        if refusals.has_expired(response) and (renewed := self._source.renew()) is not None:
            # A 401 has done nothing yet.
            self._take(renewed)
            response = self._answered(ask, method)
        if not response.is_success:
            raise refusals.refusal(response, self.url, self._source.name, self._token)
        return response

    def _answered(self, ask: Callable[[], Response], method: str) -> Response:
        try:
            return ask()
        except UNSENT as error:
            raise Refused(f"No answer from {self.url}: {self._reason(error)}") from None
        except httpx2.HTTPError as error:
            sentence = f"The connection to {self.url} was lost: {self._reason(error)}"
            doubt = "" if method == "GET" else ". What was to change may have changed: look before you repeat it"
            raise Lost(sentence + doubt) from None

    def _reason(self, error: Exception) -> str:
        return refusals.sentence(f"{error}" or type(error).__name__, self._token)

    def _object(self, response: Response) -> Mapping[str, Any]:
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise refusals.unlike_an_ostiary(self.url)
        return answer


def body_of(sent: Sent[M]) -> dict[str, Any]:
    """What a command collected, as the API takes it; raises the Problem of what cannot be right."""
    # What was read as a list may be a tuple by now, which is one in JSON.
    return sent.read().model_dump(mode="json", exclude_none=True, warnings=False)


def below(path: str, id_: str, thing: str) -> str:
    """The path of one thing; raises NotFound for what cannot be an id."""
    if not ID.match(id_):
        raise NotFound(thing)
    return f"{path}/{id_}"


def _list_of(answer: Mapping[str, Any], server: str) -> list[Mapping[str, Any]]:
    objects = answer.get("objects")
    if not isinstance(objects, list) or type(answer.get("total")) is not int:
        raise refusals.unlike_an_ostiary(server)
    if not all(isinstance(each, dict) and isinstance(each.get("guid"), str) for each in objects):
        raise refusals.unlike_an_ostiary(server)
    return objects
