"""Routes whose work is done in one unit of work, committed before the answer leaves."""

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.web.asgi import header_values
from ostiary.web.idempotency import HEADER, Arrival
from ostiary.web.schemas import UNREADABLE

# Parameters the route fills in, by name.
Db = Session
Asking = Actor

ACTOR = "ostiary.actor"
STORE = "ostiary.store"
SEAL = "ostiary.seal"
DIGESTER = "ostiary.digester"
ISSUER = "ostiary.issuer"
# For routes that name them: what touches personal data, makes secrets, or shows addresses of this server.
ON_DEMAND = {"seal": SEAL, "digester": DIGESTER, "issuer": ISSUER}
# And `once`, for what makes something: such a route takes the header Idempotency-Key.
FILLED_IN = {"db", "actor", "once", *ON_DEMAND}
MEMORY = "ostiary.memory"
ARRIVAL = "ostiary.arrival"

# For the description alone: the header is judged behind the door.
IdempotencyHeader = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description="Printable ASCII. The same request sent again within 24 hours makes nothing a second time.",
        json_schema_extra={"minLength": 1, "maxLength": 255},
    ),
]


class LateRequest(Request):
    """A body without a meaning is no refusal yet: the door and the look-up come first (DESIGN §6)."""

    async def body(self) -> bytes:
        # FastAPI would refuse an empty one by itself; a blank means as little and gets to `json`.
        return await super().body() or b" "

    async def json(self) -> Any:  # noqa: ANN401 - any JSON
        try:
            return await super().json()
        except (ValueError, RecursionError):
            return UNREADABLE


class UnitOfWorkRoute(APIRoute):
    """GET reads, everything else writes. FastAPI runs code after `yield` too late for this (DESIGN §4)."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        options["response_model_exclude_none"] = True
        options["operation_id"] = options.get("operation_id") or endpoint.__name__
        self._takes_once = "once" in inspect.signature(endpoint).parameters
        writes = bool(set(options.get("methods") or ["GET"]) - {"GET", "HEAD"})
        super().__init__(path, _in_unit_of_work(endpoint, writes=writes), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        as_always = super().get_route_handler()

        async def handle(request: Request) -> Response:
            arrived_at, late = clock.now(), LateRequest(request.scope, request.receive)
            if self._takes_once:
                values = header_values(request.scope, HEADER.lower().encode())
                operation = f"{request.method} {self.path}"
                request.scope[ARRIVAL] = Arrival(arrived_at, values, operation, await late.body())
            return await as_always(late)

        return handle


def _in_unit_of_work(endpoint: Callable[..., Any], *, writes: bool) -> Callable[..., Any]:
    own = inspect.signature(endpoint)

    @functools.wraps(endpoint)
    def run(*, request: Request, **arguments: Any) -> Any:  # noqa: ANN401 - whatever the endpoint takes and gives
        store = request.scope[STORE]
        if "once" in own.parameters:
            arguments.pop("idempotency_key")
            arguments["once"] = request.scope[MEMORY].once(request.scope[ARRIVAL])
        arguments |= {name: request.scope[place] for name, place in ON_DEMAND.items() if name in own.parameters}
        with store.writing() if writes else store.reading() as db:
            return endpoint(db, request.scope[ACTOR], **arguments)

    asked = [parameter for name, parameter in own.parameters.items() if name not in FILLED_IN]
    asked = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in asked]
    if "once" in own.parameters:
        asked.append(
            inspect.Parameter(
                "idempotency_key", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=IdempotencyHeader
            )
        )
    asked.append(inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request))
    run.__signature__ = own.replace(parameters=asked)  # type: ignore[attr-defined]
    return run
