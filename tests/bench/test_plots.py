"""A plot is an SVG that shows each figure where it belongs."""

import xml.etree.ElementTree as ET

import pytest

from bench.plots import bars, lines, shares

NAME = "{http://www.w3.org/2000/svg}"


def drawn(svg: str, shape: str) -> list[dict[str, str]]:
    root = ET.fromstring(svg)  # noqa: S314 - we drew it
    return [one.attrib for one in root.iter(NAME + shape)]


def words(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter(NAME + "text")]  # noqa: S314 - as above


def test_draws_bars_as_long_as_their_medians() -> None:
    svg = bars("Tokens & more", {"ostiary": [90.0, 100.0, 110.0], "peer <1>": [20.0, 25.0, 30.0]})
    first, second = (float(one["width"]) for one in drawn(svg, "rect"))
    assert first / second == pytest.approx(4, rel=0.01)
    assert words(svg) == ["Tokens & more", "ostiary", "100", "peer <1>", "25.0"]


def test_draws_a_line_for_each_kind_of_figure() -> None:
    figures = {"per CPU second": [[10.0], [20.0], [40.0]], "per second": [[5.0], [5.0], [5.0]]}
    svg = lines("Keys", "keys", [1_000, 10_000, 100_000], figures)
    rising, level = ([point.split(",") for point in one["points"].split()] for one in drawn(svg, "polyline"))
    assert len({y for _, y in level}) == 1
    heights = [float(y) for _, y in rising]
    assert heights[0] - heights[1] == pytest.approx((heights[1] - heights[2]) / 2, rel=0.01)
    assert {"1,000", "10,000", "100,000", "keys", "per CPU second", "per second"} <= set(words(svg))


def test_spreads_wide_numbers_by_their_size() -> None:
    assert shares([1_000, 10_000, 100_000]) == pytest.approx([0, 0.5, 1])
    assert shares([1, 2, 3, 4]) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_is_readable_on_a_dark_page() -> None:
    assert "prefers-color-scheme: dark" in bars("Tokens", {"ostiary": [1.0]})
