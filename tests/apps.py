"""Applications that tests make."""

import functools
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi.dependencies import models
from starlette.testclient import TestClient

from ostiary.app import Ostiary, create_app
from ostiary.settings import Settings

# What stands until the process ends.
STANDING = ExitStack()


@functools.cache
def loop() -> BlockingPortal:
    """The event loop of whatever has none of its own: to begin one for each request takes longer than most of them."""
    return STANDING.enter_context(start_blocking_portal())


def client_of(made: Ostiary, settings: Settings, address: str, headers: Mapping[str, str] | None = None) -> TestClient:
    """Somebody at that address who follows no redirects; the background work of the server is not begun."""
    client = TestClient(
        made, base_url=settings.issuer, client=(address, 50_000), headers=dict(headers or {}), follow_redirects=False
    )
    client.portal = loop()
    return client


def close(made: Ostiary) -> None:
    """A connection that nobody closes fails whichever test comes later."""
    loop().call(made.close)
    # FastAPI remembers the endpoints of some two hundred apps, which without this would all be kept for them.
    for each in vars(models).values():
        if isinstance(each, functools._lru_cache_wrapper):
            each.cache_clear()


def without_token_limits(settings: Settings) -> Settings:
    """For a key that asks more often, with full counts, than any should."""
    return settings.model_copy(update={"limit_token_requests_per_key": None, "limit_token_requests_per_source": None})


@contextmanager
def app_on(settings: Settings) -> Iterator[Ostiary]:
    """An application, closed in the end whatever happens."""
    made = create_app(settings)
    try:
        yield made
    finally:
        close(made)


@contextmanager
def second_app(settings: Settings) -> Iterator[Ostiary]:
    """Beside commands that run in this process: what it logs would stand among what they print."""
    with app_on(settings) as made:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        try:
            yield made
        finally:
            structlog.reset_defaults()
