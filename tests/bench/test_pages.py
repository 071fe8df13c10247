"""The benchmark of pages looks at every page of a real server; small numbers, and no times are asserted."""

from contextlib import closing
from dataclasses import fields, replace

import pytest

from bench.options import Options, parse
from bench.pages import (
    MOST_SHOWN,
    Browser,
    PageTime,
    excerpt,
    large_home,
    measured,
    section,
    slowest_first,
)
from bench.pages_fill import Places, Sizes
from bench.pages_routes import FILES, STATUSES, PageRequest, pages, routes, variants_by_route
from bench.processes import Cores
from bench.servers import ostiary
from ostiary.app import PAGES
from tests.postgres import Postgres

SIZES = Sizes(keys=40, customers=60, events=400)
NOWHERE = Places(**{each.name: each.name for each in fields(Places)})


def page_time(name: str, p95_ms: float, cpu_ms: float = 1.0) -> PageTime:
    return PageTime(name, 200, True, 1.0, p95_ms, p95_ms, cpu_ms, 2.0)


@pytest.mark.any_database
@pytest.mark.only_long
def test_finds_every_page(postgres: Postgres | None) -> None:
    cores = Cores.of_this_machine()
    options = Options(database=postgres.url("postgres") if postgres else "sqlite")
    with large_home(options, SIZES) as (home, places), ostiary(home, cores.server) as server:
        with closing(Browser(server, places.cookie)) as browser:
            found = [measured(browser, page, count=1) for page in pages(places, "no token")]
        with closing(Browser(server, "nobody")) as stranger:
            turned_away = measured(stranger, PageRequest("/overview", "/overview"), count=1)
    assert {one.name: one.status for one in found if not one.is_right} == {"/token-doctor, a token": 422}
    assert (turned_away.status, turned_away.remark) == (303, "wrong answer")


def test_asks_for_every_route_there_is() -> None:
    gets = [route.path for table in PAGES for route in table.routes if route.method == "GET"]
    asked = [page.name for page in pages(NOWHERE, "no token")]
    assert [path for path in gets if path not in asked] == []
    assert len(set(asked)) == len(asked)
    assert [page.path for page in pages(NOWHERE, "no token") if "{" in page.path] == []


def test_has_no_words_for_routes_that_are_gone() -> None:
    gets = {route.path for route in routes()}
    assert {*variants_by_route(NOWHERE), *STATUSES, *FILES} <= gets


def test_marks_slow_pages_and_puts_them_first() -> None:
    fast, slow = page_time("Fast", 99.9, cpu_ms=50.0), page_time("Slow", 100.0, cpu_ms=1.0)
    file = replace(page_time("File", 1000.0, cpu_ms=900.0), is_file=True)
    wrong = replace(page_time("Wrong", 1.0), is_right=False)
    ordered = slowest_first([fast, file, slow, wrong])
    assert [one.name for one in ordered] == ["Slow", "Fast", "Wrong", "File"]
    lines = section(ordered).splitlines()[2:]
    assert [line.split("|")[-2].strip() for line in lines] == ["slow", "", "wrong answer", "a file"]


def test_sums_up_what_it_does_not_show() -> None:
    found = [page_time(f"/page{number}", 90.0 - number, cpu_ms=70.0 - number) for number in range(MOST_SHOWN + 3)]
    lines = excerpt(found, "SQLite").splitlines()
    assert len(lines) == 2 + MOST_SHOWN + 1
    assert [cell.strip() for cell in lines[-1].split("|")[1:3]] == ["the other 3, at most", f"{70 - MOST_SHOWN:.1f}"]


def test_measures_pages_only_when_asked() -> None:
    assert parse(["pages"]).scenarios == ("pages",)
    assert "pages" not in parse(["all"]).scenarios
    assert Options().scenarios == ("token", "bearer")
