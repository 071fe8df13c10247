"""The benchmark of pages looks at every page of a real server; small numbers, and no times are asserted."""

from contextlib import closing
from pathlib import Path

from bench import pages
from bench.databases import fresh
from bench.options import Options, parse
from bench.pages import Browser, PageRequest, PageTime, measured, section
from bench.pages_fill import Sizes, fill
from bench.processes import Cores
from bench.servers import ostiary, settle
from tests.postgres import Postgres

SIZES = Sizes(keys=40, customers=60, events=400)


def test_finds_every_page(postgres: Postgres | None, tmp_path: Path) -> None:
    cores = Cores.of_this_machine()
    with fresh(postgres.url("postgres") if postgres else "sqlite", tmp_path) as url:
        home = settle(tmp_path, url)
        places = fill(home, SIZES)
        with ostiary(home, cores.server) as server:
            with closing(Browser(server, places.cookie)) as browser:
                found = [measured(browser, page, times=1) for page in pages.pages(places, "no token")]
            with closing(Browser(server, "nobody")) as stranger:
                turned_away = measured(stranger, PageRequest("Overview", "/overview"), times=1)
    assert {one.name: one.status for one in found if one.status != 200} == {"Token doctor, a token": 422}
    assert turned_away.status == 303


def test_marks_slow_pages() -> None:
    fast, slow = PageTime("Fast", 200, 1.0, 99.9, 1.0, 2.0), PageTime("Slow", 200, 1.0, 100.0, 1.0, 2.0)
    assert [line.endswith("| slow |") for line in section([fast, slow]).splitlines()[2:]] == [False, True]


def test_measures_pages_only_when_asked() -> None:
    assert parse(["pages"]).scenarios == ("pages",)
    assert "pages" not in parse(["all"]).scenarios
    assert Options().scenarios == ("token", "bearer")
