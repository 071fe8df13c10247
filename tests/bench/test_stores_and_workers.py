"""Runs over databases and processes start real servers; what they cost is left to whoever measures."""

import pytest

from bench import workers
from bench.exchange import ask_well
from bench.options import Options
from bench.processes import Cores, family, wait_until_quiet
from bench.report import drawn
from bench.scenarios import Comparison, Plot, Series
from bench.stores import powers_of_ten
from tests.bench.test_peers import series

OPTIONS = Options(keys=20, active=20)


@pytest.mark.any_database
@pytest.mark.only_long
def test_starts_a_family_of_processes() -> None:
    with workers.targets(OPTIONS, Cores.of_this_machine(), (2,)) as (target,):
        for request in target.requests[:3]:
            target.check(request, ask_well(target.server.port, request).body)
        # One watches the two.
        assert (target.name, len(family(target.server.pid))) == ("2 processes", 3)
        wait_until_quiet(target.server.pid)


def test_leaves_the_load_a_core_where_there_are_enough() -> None:
    assert Cores(1, 0, (0, 1)).several == "0,1"
    assert Cores(3, 0, (0, 1, 2, 3)).several == "1,2,3"


def test_fills_databases_up_to_as_many_keys_as_wanted() -> None:
    assert powers_of_ten(Options()) == (1_000, 10_000, 100_000, 1_000_000)
    assert powers_of_ten(Options(keys=20_000)) == (1_000, 10_000)
    assert powers_of_ten(OPTIONS) == (20,)


def test_compares_with_the_series_of_a_name() -> None:
    found: list[Series] = [series("SQLite", 4), series("PostgreSQL", 3), series("floor", 10)]
    assert Comparison("each database", found, base="floor").ratios == {
        "SQLite / floor": [0.4],
        "PostgreSQL / floor": [0.3],
    }
    assert "polyline" in drawn(Comparison("by number", found, plot=Plot("processes", (1, 2, 3))))
