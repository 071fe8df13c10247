"""How long the dashboard's pages take with a large organization: `python -m bench pages`."""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.databases import fresh
from bench.exchange import HOST, ask_well, token_request
from bench.machine import Machine
from bench.options import Options
from bench.pages_fill import Places, Sizes, fill
from bench.pages_routes import PageRequest, pages
from bench.processes import Cores, cpu_seconds
from bench.report import RESULTS, facts, table
from bench.servers import Home, Server, ostiary, settle

LIMIT_MS = 100.0
WARM_UPS = 3
TIMES = 30
# So many of the slowest stand in the documentation.
MOST_SHOWN = 12
# Whatever there is a page for is switched on.
SWITCHES = {"OSTIARY_SIGNUP": "open", "OSTIARY_OWNERS_MAY_PROMOTE": "true"}


@dataclass(frozen=True)
class PageTime:
    name: str
    status: int
    # As it should be.
    is_right: bool
    median_ms: float
    p95_ms: float
    max_ms: float
    # Of the server's processor: robust where the time by the clock is not.
    cpu_ms: float
    kib: float
    is_file: bool = False

    @property
    def is_slow(self) -> bool:
        return self.p95_ms >= LIMIT_MS and not self.is_file

    @property
    def remark(self) -> str:
        return "wrong answer" if not self.is_right else "slow" if self.is_slow else "a file" if self.is_file else ""


class Browser:
    """One connection that stays open, and one person, who is signed in wherever somebody has to be."""

    def __init__(self, server: Server, cookie: str) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
        self.cookie = {"Cookie": f"ostiary={cookie}"}
        self.headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}

    def look(self, page: PageRequest) -> tuple[int, int]:
        """Status and size."""
        more = dict(self.cookie) if page.is_signed_in else {}
        more |= {"Content-Type": "application/x-www-form-urlencoded"} if page.body else {}
        self.connection.request("POST" if page.body else "GET", page.path, page.body or None, self.headers | more)
        response = self.connection.getresponse()
        return response.status, len(response.read())

    def close(self) -> None:
        self.connection.close()


def measured(browser: Browser, page: PageRequest, count: int = TIMES) -> PageTime:
    count = 1 if page.is_file else count
    for _ in range(min(count, WARM_UPS)):
        status, size = browser.look(page)
    taken, before = [], cpu_seconds(browser.server.pid)
    for _ in range(count):
        start = time.perf_counter()
        browser.look(page)
        taken.append((time.perf_counter() - start) * 1000)
    cpu_ms = (cpu_seconds(browser.server.pid) - before) / count * 1000
    taken.sort()
    p95_ms = taken[int(0.95 * len(taken))]
    return PageTime(
        name=page.name,
        status=status,
        is_right=status == page.status,
        median_ms=statistics.median(taken),
        p95_ms=p95_ms,
        max_ms=taken[-1],
        cpu_ms=cpu_ms,
        kib=size / 1024,
        is_file=page.is_file,
    )


@contextmanager
def large_home(options: Options, sizes: Sizes) -> Iterator[tuple[Home, Places]]:
    with TemporaryDirectory(prefix="ostiary-bench-") as folder, fresh(options.database, Path(folder)) as url:
        home = settle(Path(folder), url)
        home = replace(home, env={**home.env, **SWITCHES})
        yield home, fill(home, sizes)


def run(options: Options, cores: Cores, sizes: Sizes, tell: Callable[[PageTime], None]) -> list[PageTime]:
    with large_home(options, sizes) as (home, places), ostiary(home, cores.server) as server:
        token = str(ask_well(server.port, token_request(home.pair, None)).json()["access_token"])
        found = []
        with closing(Browser(server, places.cookie)) as browser:
            for page in pages(places, token):
                found.append(measured(browser, page))
                tell(found[-1])
        return found


def slowest_first(found: Sequence[PageTime]) -> list[PageTime]:
    return sorted(found, key=lambda one: (not one.is_slow, one.is_file, -one.cpu_ms))


def times(one: PageTime) -> tuple[float, ...]:
    return one.cpu_ms, one.median_ms, one.p95_ms, one.max_ms


def rounded(milliseconds: Iterable[float]) -> list[str]:
    return [f"{each:.1f}" for each in milliseconds]


def section(found: Sequence[PageTime]) -> str:
    rows = [(one.name, str(one.status), *rounded(times(one)), f"{one.kib:.0f}", one.remark) for one in found]
    return table(("page", "status", "CPU ms", "median ms", "p95 ms", "max ms", "KiB", ""), rows)


def excerpt(found: Sequence[PageTime], database: str) -> str:
    """The slowest, as they stand in docs/benchmarks.md."""
    shown, others = found[:MOST_SHOWN], [times(one) for one in found[MOST_SHOWN:] if not one.is_file]
    rows = [(f"`{one.name}`", *rounded(times(one))) for one in shown]
    if others:
        rows.append((f"the other {len(others)}, at most", *rounded(map(max, zip(*others, strict=True)))))
    return table((database, "CPU ms", "median ms", "p95 ms", "max ms"), rows)


def main(options: Options, cores: Cores, machine: Machine) -> int:
    sizes = Sizes(keys=options.keys or Sizes.keys)
    found = run(options, cores, sizes, lambda one: print(f"{one.median_ms:8.1f} ms  {one.name}", flush=True))
    ordered = slowest_first(found)
    counts = f"{sizes.keys:,} keys, {sizes.customers:,} customers, {sizes.events:,} events"
    how = f"each page {TIMES} times, one after the other, over one connection"
    text = f"{facts(machine, options, how)}\n\n### Pages at {counts}\n\n{section(ordered)}\n"
    print(f"\n{text}\n### For docs/benchmarks.md\n\n{excerpt(ordered, name_of(options))}\n")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-pages.md"
    path.write_text(text)
    path.with_suffix(".json").write_text(json.dumps([asdict(one) for one in found], indent=2))
    print(f"Written to {path}")
    return 1 if any(one.is_slow or not one.is_right for one in found) else 0


def name_of(options: Options) -> str:
    return "SQLite" if options.database == "sqlite" else "PostgreSQL"
