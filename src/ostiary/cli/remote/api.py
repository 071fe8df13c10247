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
from ostiary.cli import show
from ostiary.cli.remote import refusals
from ostiary.cli.remote.place import Place, place_of
from ostiary.cli.remote.refusals import Refused
from ostiary.cli.remote.tokens import TokenSource
from ostiary.errors import NotFound
from ostiary.web.schemas import Sent

CONNECT_SECONDS = 10
WAIT_SECONDS = 60
PER_PAGE = 100
# How often, and how long each time, a repeat waits for its turn.
TURNS = 3
LONGEST_TURN_SECONDS = 10
# Anything else in a path would be another path.
ID = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
# With these nothing has left this machine.
UNSENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol)

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=Refused)


class Lost(Refused):
    """The connection broke after the request was sent: whether it was done is not known."""


class Api:
    """One server, asked with one token at a time."""

    def __init__(self, url: str, source: TokenSource) -> None:
        self.url = url
        self._source = source
        self._token = source.token()
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(WAIT_SECONDS, connect=CONNECT_SECONDS),
            headers={"Accept": "application/json", "User-Agent": f"ostiary/{__version__}"},
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._http.close()

    @property
    def place(self) -> Place:
        return place_of(self._token)

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
            is_shorter = answer["total"] < total
            total = answer["total"]
            number = 0 if is_shorter else number + 1
            if not objects or number * PER_PAGE >= total:
                return

    def create(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Lost on its way, the request is sent once more: with its Idempotency-Key it makes nothing a second time."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
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
                # That nothing came of the second says nothing of the first.
                raise refused if refused.status else lost from None
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

        response = self._answered(ask)
        if refusals.has_expired(response) and (renewed := self._source.renew()) is not None:
            # A 401 has done nothing yet.
            self._token = renewed
            response = self._answered(ask)
        if not response.is_success:
            raise self._without_token(refusals.refusal(response, self.url, self._source.name))
        return response

    def _answered(self, ask: Callable[[], Response]) -> Response:
        try:
            return ask()
        except UNSENT as error:
            raise self._without_token(Refused(f"No answer from {self.url}: {_reason(error)}")) from None
        except httpx2.HTTPError as error:
            sentence = f"The connection to {self.url} was lost: {_reason(error)}. What was to change may have changed"
            raise self._without_token(Lost(sentence)) from None

    def _without_token(self, refused: R) -> R:
        """Whatever a server, or a library, repeats of it."""
        refused.args = (str(refused).replace(self._token, "(the token)"),)
        return refused

    def _object(self, response: Response) -> Mapping[str, Any]:
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise refusals.unlike_an_ostiary(self.url)
        return answer


def _reason(error: Exception) -> str:
    return show.clean(f"{error}" or type(error).__name__)


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
