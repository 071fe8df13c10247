"""What a server remembers is bounded by its keys, never by what they ask for."""

import random
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from ostiary.access.scopes import BANK_KEY
from ostiary.oauth.grants import grant
from tests.oauth.desk import Desk

MANY = 200


@contextmanager
def growing_less_than(limit_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < limit_bytes


def test_forgets_what_a_key_asked_for_at_length() -> None:
    names = sorted(BANK_KEY)
    asked_for = [" ".join(names + random.choices(names, k=700)) for _ in range(MANY)]  # noqa: S311 - no secret
    with growing_less_than(MANY * 100):
        assert {grant("bank", text) for text in asked_for} == {" ".join(names)}


def test_remembers_a_verified_token_by_little_more_than_its_digest(desk: Desk) -> None:
    tokens = [desk.token(desk.north) for _ in range(MANY)]
    read = desk.ostiary.token.tokens.read
    read(desk.token(desk.north))
    assert len(tokens[0]) > 2000
    with growing_less_than(MANY * 1500):
        for token in tokens:
            read(token)
