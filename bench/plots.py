"""Bars and lines as SVG that is readable on light and on dark pages."""

import math
import statistics
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 220, 90, 48, 40
BAR, GAP = 22, 12
HEIGHT = 360
# From a hundredfold span on, equal steps are equal factors.
WIDE = 100
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.a { fill: #0f766e; stroke: #0f766e }
.b { fill: #b45309; stroke: #b45309 }
.line { fill: none; stroke-width: 2 }
.rule { stroke: #8c959f; stroke-width: 1; opacity: 0.6 }
.span { stroke: #57606a; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.span { stroke: #8b949e }
.a { fill: #2dd4bf; stroke: #2dd4bf }
.b { fill: #fbbf24; stroke: #fbbf24 }
}
</style>"""

# Of several rounds.
Rounds = Sequence[float]


def bars(title: str, figures: Mapping[str, Rounds]) -> str:
    """A bar for the median of each, as long as it is large, and a line from the least to the greatest."""
    longest = max(max(each) for each in figures.values())
    scale = (WIDTH - LEFT - RIGHT) / longest
    parts = []
    for number, (name, rounds) in enumerate(figures.items()):
        y = TOP + number * (BAR + GAP)
        middle, value = y + BAR / 2, statistics.median(rounds)
        low, high = (LEFT + scale * each for each in (min(rounds), max(rounds)))
        parts += [
            text(LEFT - 8, middle + 4, name, "end"),
            bar("a" if number == 0 else "b", y, scale * value),
            rule(low, middle, high, middle, "span"),
            text(max(high, LEFT + scale * value) + 6, middle + 4, spoken(value)),
        ]
    return document(title, TOP + len(figures) * (BAR + GAP) + 8, parts)


def lines(title: str, over: str, numbers: Sequence[int], figures: Mapping[str, Sequence[Rounds]]) -> str:
    """A line through the medians at each number, and at each a line from the least to the greatest."""
    top = max(max(rounds) for each in figures.values() for rounds in each)
    left, bottom = 80, HEIGHT - BOTTOM
    xs = [left + 40 + share * (WIDTH - left - 80) for share in shares(numbers)]

    def height(value: float) -> float:
        return bottom - value / top * (bottom - TOP - 30)

    parts = [rule(left, bottom, WIDTH - 20, bottom), text((left + WIDTH) / 2, HEIGHT - 4, over, "middle")]
    parts += [text(x, bottom + 18, f"{number:,}", "middle") for x, number in zip(xs, numbers, strict=True)]
    for tick in (0.0, top / 2, top):
        parts += [
            rule(left, height(tick), WIDTH - 20, height(tick)),
            text(left - 8, height(tick) + 4, spoken(tick), "end"),
        ]
    for number, ((name, each), kind) in enumerate(zip(figures.items(), "ab", strict=False)):
        medians = [height(statistics.median(rounds)) for rounds in each]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, medians, strict=True))
        parts.append(f'<polyline class="line {kind}" style="fill:none" points="{path}"/>')
        for x, y, rounds in zip(xs, medians, each, strict=True):
            parts += [rule(x, height(min(rounds)), x, height(max(rounds)), "span"), dot(x, y, kind)]
        parts += [dot(left + 12 + 240 * number, TOP, kind), text(left + 24 + 240 * number, TOP + 4, name)]
    return document(title, HEIGHT, parts)


def shares(numbers: Sequence[int]) -> list[float]:
    """Where each number stands between the first and the last."""
    places = [math.log10(number) for number in numbers] if max(numbers) / min(numbers) >= WIDE else numbers
    first, last = places[0], places[-1]
    return [(place - first) / ((last - first) or 1) for place in places]


def spoken(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 or not figure else f"{figure:.1f}"


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def bar(kind: str, y: float, length: float) -> str:
    return f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}"/>'


def rule(x1: float, y1: float, x2: float, y2: float, kind: str = "rule") -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def dot(x: float, y: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def document(title: str, height: float, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" width="{WIDTH}">'
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", STYLE, text(16, 24, title, "title"), *parts, "</svg>", ""]
    )
