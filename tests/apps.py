"""Applications that tests make."""

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from anyio.from_thread import start_blocking_portal
from fastapi.dependencies import models

from ostiary.app import Ostiary, create_app
from ostiary.settings import Settings


def close(made: Ostiary) -> None:
    """On a loop of its own, for a test has none; a connection that nobody closes fails whichever test comes later."""
    with start_blocking_portal() as portal:
        portal.call(made.close)
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
