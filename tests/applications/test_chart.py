"""Bars as numbers: nothing is drawn above the axis, and the least that happened can be seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.applications.chart import HEIGHT, LEAST_HEIGHT, chart, round_up


@pytest.mark.parametrize(
    ("count", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (7, 8), (10, 10), (11, 20), (41, 60), (99, 100), (101, 200), (12345, 20000)],
)
def test_ends_the_axis_at_a_round_number(count: int, top: int) -> None:
    assert round_up(count) == top


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=60))
def test_draws_every_count_inside(counts: list[int]) -> None:
    made = chart("Tokens", "today", [(str(number), count) for number, count in enumerate(counts)])
    assert made.total == sum(counts)
    assert made.peak.count == max(counts)
    assert made.top % 2 == 0
    for bar in made.bars:
        assert bar.height == 0 if bar.count == 0 else LEAST_HEIGHT <= bar.height <= HEIGHT
        assert bar.y + bar.height == pytest.approx(HEIGHT)
        assert 0 <= bar.x < made.width
