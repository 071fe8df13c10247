"""Pages of the dashboard: a table of them, and what one is given and gives."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.access.visitor import Visitor
from ostiary.db.store import Store
from ostiary.errors import Invalid, OstiaryError
from ostiary.settings import Settings
from ostiary.web.forms import Form

BANK = "bank"


class Who(Enum):
    """Whom a page is for."""

    ANYBODY = "anybody"
    # Signed in, perhaps without an organization.
    PERSON = "person"
    MEMBER = "member"


class SignedOut(OstiaryError):  # noqa: N818 - reads as what is the matter
    """The page is for people who are signed in."""


class Homeless(OstiaryError):  # noqa: N818 - likewise
    """The page is for members of an organization, and this person has none yet."""


class View:
    """A template and what it shows; `here` is the tab that is marked."""

    def __init__(
        self,
        template: str,
        *,
        here: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> None:
        self.template = template
        self.here = here
        self.status = status
        self.headers = headers or {}
        self.context = context


@dataclass(frozen=True)
class Go:
    """On to another page once the work is committed; `done` names the sentence that is shown there."""

    path: str
    done: str = ""
    cookies: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        if not self.done:
            return self.path
        return f"{self.path}{'&' if '?' in self.path else '?'}{urlencode({'done': self.done})}"


Outcome = View | Go | Response


@dataclass(frozen=True)
class Visit:
    """One request for a page: who looks at what, and the unit of work it happens in."""

    db: Session
    request: Request
    form: Form
    visitor: Visitor | None
    # For work that must not wait inside a unit of work, such as hashing a password.
    store: Store
    settings: Settings
    # What app.py hands to pages, by the name their room gives it.
    shared: Mapping[str, Any]
    address: str
    now: dt.datetime = field(default_factory=clock.now)

    @property
    def person(self) -> Visitor:
        if self.visitor is None:
            raise SignedOut
        return self.visitor

    @property
    def actor(self) -> Actor:
        return self.person.actor

    @property
    def path(self) -> Mapping[str, str]:
        return {name: _without_nul(value) for name, value in self.request.path_params.items()}

    def parameter(self, name: str) -> str:
        return _without_nul(self.request.query_params.get(name, ""))

    def must_be_meant_here(self) -> None:
        """Another tab may have changed to another organization since the form was shown; raises Invalid."""
        if self.form.value("organization_guid") != self.person.organization_guid:
            message = (
                f"You are looking at {self.person.organization_name} now: send the form again if you mean it there"
            )
            raise Invalid("invalid_value", message, status=409)

    def link(self, path: str, **query: str | None) -> str:
        """An address of ours that keeps the selected bank."""
        bank = self.parameter(BANK) or None
        chosen = {name: value for name, value in ({BANK: bank} | query).items() if value}
        return f"{path}?{urlencode(chosen)}" if chosen else path


def _without_nul(text: str) -> str:
    """As in forms: no text of ours has one, and PostgreSQL has no place for it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


Endpoint = Callable[[Visit], Outcome]


@dataclass(frozen=True)
class PageRoute:
    method: str
    path: str
    endpoint: Endpoint
    who: Who
    # The page that is shown once more, with what was typed, when a form is refused.
    again: Endpoint | None = None
    # A page that asks by itself does not keep a session alive.
    is_activity: bool = True
    # Whether `db` is a unit of work that writes; without, the page opens a short one of its own.
    writes: bool = False


class Pages:
    """A room's pages by path."""

    def __init__(self) -> None:
        self.routes: list[PageRoute] = []

    def get(self, path: str, *, who: Who = Who.MEMBER, is_activity: bool = True) -> Callable[[Endpoint], Endpoint]:
        def keep(endpoint: Endpoint) -> Endpoint:
            self.routes.append(PageRoute("GET", path, endpoint, who, is_activity=is_activity))
            return endpoint

        return keep

    def post(
        self, path: str, *, who: Who = Who.MEMBER, again: Endpoint | None = None, writes: bool = True
    ) -> Callable[[Endpoint], Endpoint]:
        def keep(endpoint: Endpoint) -> Endpoint:
            self.routes.append(PageRoute("POST", path, endpoint, who, again, writes=writes))
            return endpoint

        return keep
