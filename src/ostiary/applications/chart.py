"""Bar charts as numbers: the server says where each bar stands, a template writes it as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

# Of the drawing, in units of its own; the page stretches it.
BAR_STEP = 10
BAR_WIDTH = 8
HEIGHT = 100
# So that one token beside a thousand can be seen.
LEAST_HEIGHT = 1.5
# What an axis ends with, times a power of ten: half of it is a whole number too.
ROUND = (2, 4, 6, 8, 10)


@dataclass(frozen=True)
class Bar:
    label: str
    count: int
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Chart:
    title: str
    # When: the end of a sentence that begins with how many.
    period: str
    bars: Sequence[Bar]
    # Where the axis ends.
    top: int

    @property
    def width(self) -> int:
        return len(self.bars) * BAR_STEP

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)

    @property
    def peak(self) -> Bar:
        return max(self.bars, key=lambda bar: bar.count)

    @property
    def middle(self) -> Bar:
        return self.bars[len(self.bars) // 2]


def chart(title: str, period: str, counts: Sequence[tuple[str, int]]) -> Chart:
    """At least one count; labels stand under the bars and in the table that says the same."""
    top = round_up(max(count for _, count in counts))
    bars = [_bar(number, label, count, top) for number, (label, count) in enumerate(counts)]
    return Chart(title, period, bars, top)


def round_up(count: int) -> int:
    """Where an axis ends that holds the count."""
    power = 1
    while power * ROUND[-1] < count:
        power *= 10
    return next(power * step for step in ROUND if power * step >= count)


def _bar(number: int, label: str, count: int, top: int) -> Bar:
    height = max(LEAST_HEIGHT, round(count / top * HEIGHT, 2)) if count else 0.0
    return Bar(label, count, number * BAR_STEP + (BAR_STEP - BAR_WIDTH) / 2, round(HEIGHT - height, 2), height)
