"""Refusals become HTTP here and nowhere else: Problems, unreadable requests, and a database that is away."""

import json
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ostiary.errors import Invalid, NotFound, Problem, StoreUnavailable
from ostiary.web.asgi import JSON, Scope, Send, answer
from ostiary.web.challenges import RESOURCE_METADATA, challenges

RETRY_AFTER_SECONDS = 1
LONGEST_QUOTED = 48
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

log = structlog.get_logger(__name__)


def as_json(problem: Problem) -> bytes:
    return json.dumps(problem.body, separators=(",", ":")).encode()


def refusal(faults: Sequence[Any]) -> Problem:
    """One Problem for what pydantic found wrong, in the words of the platform; forms learn it field by field."""
    problem = _refusal(faults)
    problem.at = {str(fault["loc"][0]): _sentence(fault) for fault in reversed(faults) if fault["loc"]}
    return problem


def _sentence(fault: Any) -> str:  # noqa: ANN401 - as in `_name`
    """What is wrong, for somebody who sees the field."""
    limits = fault.get("ctx", {})
    match fault["type"]:
        case "missing" | "string_too_short":
            return "Fill this in."
        case "string_too_long":
            return f"At most {limits['max_length']} characters."
        case "too_short":
            return f"Choose at least {limits['min_length']}."
        case "too_long":
            return f"At most {limits['max_length']} entries."
        case "enum" | "literal_error":
            return "Choose one of the offered values."
        case _:
            message = fault["msg"].removeprefix("Value error, ")
            return f"{message[:1].upper()}{message[1:]}."


def _refusal(faults: Sequence[Any]) -> Problem:
    missing = [_name(fault) for fault in faults if fault["type"] == "missing"]
    if missing:
        return Invalid("missing_parameter", f"Missing parameter. Required: {', '.join(missing)}")
    fault = faults[0]
    name, limits = _name(fault), fault.get("ctx", {})
    match fault["type"]:
        case "model_type" | "model_attributes_type":
            return Invalid("invalid_value", f"Invalid value. {name}: must be a JSON object")
        case "extra_forbidden":
            return Invalid("invalid_parameter", f"Unknown parameter: {name}")
        case "string_too_long":
            return Invalid("invalid_value", f"{name} must be at the most {limits['max_length']} characters long")
        case "enum" | "literal_error":
            supported = limits["expected"].replace("'", '"').replace(" or ", ", ")
            return Invalid(
                "invalid_value", f"Invalid value exception. Parameter: {name} supported values: [{supported}]"
            )
        case _:
            message = fault["msg"].removeprefix("Value error, ")
            return Invalid("invalid_value", f"Invalid value. {name}: {message}")


def unreadable() -> Problem:
    return Invalid("invalid_value", "The request body is not valid JSON")


def _name(fault: Any) -> str:  # noqa: ANN401 - an error of pydantic's, a mapping with open ends
    parts = [str(part) for part in fault["loc"] if part not in {"body", "query", "path", "header"}]
    # A secret sent as a name must not come back in the answer: it is longer than any name of ours.
    short = [part if len(part) <= LONGEST_QUOTED else f"(a name of {len(part)} letters)" for part in parts]
    return ".".join(short) or "body"


def install(app: FastAPI) -> None:
    """Teach the application to answer every refusal in the platform's error model."""

    @app.exception_handler(Problem)
    def refused(request: Request, problem: Problem) -> Response:
        found = challenges(problem, request.scope.get(RESOURCE_METADATA, ""))
        headers = {name.decode(): value.decode("latin-1") for name, value in found}
        if "retry_after_seconds" in problem.more:
            headers["Retry-After"] = str(problem.more["retry_after_seconds"])
        return respond(problem, headers)

    @app.exception_handler(RequestValidationError)
    def meaningless(_: Request, error: RequestValidationError) -> Response:
        return respond(refusal(error.errors()))

    @app.exception_handler(StoreUnavailable)
    def away(_: Request, error: StoreUnavailable) -> Response:
        note_away(error)
        return respond(unavailable(error), {"Retry-After": str(RETRY_AFTER_SECONDS)})

    @app.exception_handler(HTTPException)
    def no_such_route(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if "Allow" in headers:
            # RFC 9110 §15.5.6: every method of this path, where the router names those of its first route.
            headers["Allow"] = ", ".join(_methods(app, request.scope))
        return respond(unroutable(error), headers)

    @app.exception_handler(Exception)
    def crashed(_: Request, __: Exception) -> Response:
        # The server logs the traceback; the caller learns nothing about our insides.
        return respond(Invalid("internal_error", "Something went wrong on our side", status=500))


def _methods(app: FastAPI, scope: Scope) -> list[str]:
    return [
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]


def unroutable(error: HTTPException) -> Problem:
    """What the router says of a path or a method that is not there."""
    if error.status_code == 404:  # noqa: PLR2004 - the status itself
        return NotFound("route")
    return Invalid("invalid_request", f"{error.detail}", status=error.status_code)


def note_away(error: StoreUnavailable) -> None:
    """In one line: every request of an outage writes it, and tracebacks would fill the disk that may be the reason."""
    log.error("store_unavailable", reason=f"{error}", cause=f"{error.__cause__ or ''}".partition("\n")[0])


def unavailable(error: StoreUnavailable) -> Problem:
    return Invalid("service_unavailable", error.sentence, status=503)


async def send_refusal(send: Send, error: Problem | StoreUnavailable, resource_metadata: str) -> None:
    """For what stands before the routes."""
    if isinstance(error, StoreUnavailable):
        note_away(error)
        retry = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)
        await answer(send, 503, as_json(unavailable(error)), [JSON, retry])
        return
    more = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    if "retry_after_seconds" in error.more:
        more.append((b"retry-after", f"{error.more['retry_after_seconds']}".encode()))
    await answer(send, error.status, as_json(error), [JSON, *challenges(error, resource_metadata), *more])


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    together = {**problem.headers, **(headers or {})}
    return Response(as_json(problem), problem.body["status"], together, "application/json")  # type: ignore[arg-type]
