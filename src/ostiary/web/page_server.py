"""Serves pages: who looks, one unit of work committed before the answer leaves, and every refusal as a page."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.status import HTTP_400_BAD_REQUEST, HTTP_405_METHOD_NOT_ALLOWED

from ostiary.access.addresses import ClientAddress
from ostiary.access.visitor import Visitor
from ostiary.db.store import Store
from ostiary.errors import Forbidden, Invalid, Problem, StoreUnavailable
from ostiary.settings import Settings
from ostiary.web import forms, origin, theme
from ostiary.web.asgi import BodyTooLarge, Disconnected, header_values, read_body
from ostiary.web.forms import EMPTY, Form
from ostiary.web.pages import Go, Homeless, Outcome, PageRoute, Pages, SignedOut, View, Visit, Who
from ostiary.web.refusals import RETRY_AFTER_SECONDS, note_away, respond, unavailable, unroutable
from ostiary.web.rendering import Templates

SIGN_IN_PATH = "/sign-in"
START_PATH = "/start"

# Scripts, styles, fonts and pictures of our own, forms that lead to us; nothing else, nowhere else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Vary": "Cookie",
}


VisitorOf = Callable[[Session, Request, str], Visitor | None]
Seen = Callable[[Session, Visitor], None]
FrameOf = Callable[[Visit, str], object]


@dataclass(frozen=True)
class PageServer:
    """What every page stands on; the rooms' own tables of pages come in `pages`."""

    store: Store
    settings: Settings
    templates: Templates
    pages: Sequence[Pages]
    visitor_of: VisitorOf
    # Remembers that a session was used just now.
    seen: Seen
    # What the frame around a page shows: organizations, banks, the tab that is marked.
    frame_of: FrameOf
    shared: Mapping[str, Any]
    client_address: ClientAddress

    def app(self, more: Iterable[BaseRoute]) -> Starlette:
        by_path: dict[str, dict[str, PageRoute]] = {}
        for route in (route for table in self.pages for route in table.routes):
            by_path.setdefault(route.path, {})[route.method] = route
        routes = [Route(path, self._endpoint(methods), methods=list(methods)) for path, methods in by_path.items()]
        handlers = {HTTPException: self._no_such_page, Exception: self._crashed}
        return Starlette(routes=[*more, *routes], exception_handlers=handlers)

    def _endpoint(self, methods: Mapping[str, PageRoute]) -> Callable[[Request], Any]:
        async def run(request: Request) -> Response:
            form = EMPTY
            problem: Problem | None = None
            route = methods["GET" if request.method == "HEAD" else request.method]
            request.state.has_get = "GET" in methods
            if route.method == "POST":
                if not origin.is_ours(request, self.settings.issuer):
                    problem = Forbidden("forbidden", "This form was sent from another site, so nothing was done")
                try:
                    body = await read_body(request.receive, forms.LIMIT_BYTES)
                    form = forms.parse(body, request.headers.get("content-type", ""))
                except Disconnected:
                    return Response()
                except BodyTooLarge:
                    problem = Invalid("invalid_value", "The form is too large", status=413)
                except Invalid as unreadable:
                    problem = unreadable
            if problem is not None:
                return self.refuse(request, problem)
            return await run_in_threadpool(self._serve, route, request, form)

        return run

    def _serve(self, route: PageRoute, request: Request, form: Form) -> Response:
        try:
            return self._work(route, request, form)
        except SignedOut:
            return self._signed_out(route, request, form)
        except Homeless:
            return RedirectResponse(START_PATH, 303, HEADERS)
        except StoreUnavailable as error:
            note_away(error)
            response = self.refuse(request, unavailable(error))
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response
        except Problem as problem:
            if route.again is None or not isinstance(problem, Invalid):
                return self.refuse(request, problem)
            return self._once_more(route, request, form, problem)

    def _once_more(self, route: PageRoute, request: Request, form: Form, problem: Problem) -> Response:
        """The same page with what was typed and why it was refused. What the refused form had begun is undone."""
        assert route.again is not None  # noqa: S101 - looked at by the caller
        asked_again = PageRoute("GET", route.path, route.again, route.who)
        try:
            response = self._work(asked_again, request, form.refused(problem))
        except SignedOut:
            # The session ended while the form was looked at.
            return self._signed_out(route, request, form)
        except Problem as worse:
            return self.refuse(request, worse)
        if "location" in response.headers:
            # The page has become another since it was shown; as a refusal its answer would be a blank sheet.
            return response
        response.status_code = problem.status
        response.headers.update(problem.headers)
        if "retry_after_seconds" in problem.more:
            response.headers["Retry-After"] = str(problem.more["retry_after_seconds"])
        return response

    def _work(self, route: PageRoute, request: Request, form: Form) -> Response:
        address = self.client_address.of(*_hops(request))
        with self.store.writing() if route.writes else self.store.reading() as db:
            visitor = self.visitor_of(db, request, address)
            _admit(route.who, visitor)
            visit = Visit(db, request, form, visitor, self.store, self.settings, self.shared, address)
            outcome = route.endpoint(visit)
            frame = self._frame(visit, outcome)
        if visitor is not None and route.is_activity:
            with contextlib.suppress(StoreUnavailable), self.store.writing() as db:
                self.seen(db, visitor)
        return self._respond(request, visit, outcome, frame)

    def _frame(self, visit: Visit, outcome: Outcome) -> object:
        is_framed = isinstance(outcome, View) and visit.visitor is not None and visit.visitor.organization_guid
        return self.frame_of(visit, outcome.here) if is_framed and isinstance(outcome, View) else None

    def _respond(self, request: Request, visit: Visit, outcome: Outcome, frame: object) -> Response:
        if isinstance(outcome, Response):
            for name, value in HEADERS.items():
                outcome.headers.setdefault(name, value)
            return outcome
        if isinstance(outcome, Go):
            response: Response = RedirectResponse(outcome.address, 303, HEADERS)
            for cookie in outcome.cookies:
                response.headers.append("set-cookie", cookie)
            return response
        context = {
            "visitor": visit.visitor,
            "frame": frame,
            "form": visit.form,
            "done": visit.parameter("done"),
            "link": visit.link,
            "now": visit.now,
        }
        return self._page(request, outcome, context | outcome.context)

    def _page(self, request: Request, shown: View, context: Mapping[str, Any]) -> Response:
        whole = {"theme": theme.of(request, self.settings), "way_back": _way_back(request, shown.status), **context}
        return HTMLResponse(self.templates.render(shown.template, whole), shown.status, {**HEADERS, **shown.headers})

    def refuse(self, request: Request, problem: Problem) -> Response:
        """Every refusal that no form can show: a page for people, the platform's error model for programs."""
        if "text/html" not in request.headers.get("accept", ""):
            return respond(problem)
        shown = View("error.html", status=problem.status, headers=problem.headers)
        return self._page(request, shown, {"problem": problem, "visitor": None})

    def _signed_out(self, route: PageRoute, request: Request, form: Form) -> Response:
        if route.method == "GET":
            return RedirectResponse(origin.sign_in_address(SIGN_IN_PATH, request), 303, HEADERS)
        again = {"fields": form.repeated(), "address": origin.asked_for(request)}
        context = {**again, "sign_in": SIGN_IN_PATH, "visitor": None}
        return self._page(request, View("session_over.html", status=401), context)

    def _no_such_page(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        response = self.refuse(request, unroutable(error))
        response.headers.update(error.headers or {})
        return response

    def _crashed(self, request: Request, _: Exception) -> Response:
        # The server logs the traceback; the page tells nothing about our insides.
        return self.refuse(request, Invalid("internal_error", "Something went wrong on our side", status=500))


def _admit(who: Who, visitor: Visitor | None) -> None:
    if who is Who.ANYBODY:
        return
    if visitor is None:
        raise SignedOut
    if who is Who.MEMBER and not visitor.organization_guid:
        raise Homeless


def _way_back(request: Request, status: int) -> str:
    """Where the switch for colours leads without script: not every address of a form can be asked for."""
    if request.method not in {"GET", "HEAD"}:
        return request.url.path if getattr(request.state, "has_get", False) else "/"
    if status == HTTP_405_METHOD_NOT_ALLOWED:
        return "/"
    return origin.asked_for(request) if status < HTTP_400_BAD_REQUEST else request.url.path


def _hops(request: Request) -> tuple[str, list[str]]:
    peer = request.client.host if request.client else ""
    return peer, header_values(request.scope, b"x-forwarded-for")
