"""Record ids: UUIDv7 in 32 small hex letters, in the order in which they were made."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ostiary.crypto import guids


def test_makes_uuids_of_version_7() -> None:
    for _ in range(1000):
        made = guids.new()
        read = uuid.UUID(hex=made)
        assert (read.version, read.variant) == (7, uuid.RFC_4122)
        # One spelling: small letters, no dashes.
        assert read.hex == made


def test_carries_the_time_in_the_first_48_bits() -> None:
    before = time.time_ns() // 1_000_000
    made = int(guids.new()[:12], 16)
    after = time.time_ns() // 1_000_000
    assert before <= made <= after + 1


def test_orders_by_the_moment_of_making(count: Callable[[int, int], int]) -> None:
    made = [guids.new() for _ in range(count(20_000, 500_000))]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_never_goes_back_when_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guids, "_last", 0)
    moments = iter([2_000_000_000_000_000_000, 1_000_000_000_000_000_000, 1_000_000_000_000_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    first, second, third = guids.new(), guids.new(), guids.new()
    assert first < second < third


def test_makes_no_id_twice_in_many_threads(count: Callable[[int, int], int]) -> None:
    each = count(2000, 50_000)

    def some(_: int) -> list[str]:
        return [guids.new() for _ in range(each)]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(some, range(8)))
    assert all(one == sorted(one) for one in made)
    assert len({guid for one in made for guid in one}) == 8 * each
