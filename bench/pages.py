"""How long the dashboard's pages take with a large organization: `python -m bench pages`."""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from bench.databases import fresh
from bench.exchange import HOST, ask_well, token_request
from bench.machine import Machine
from bench.options import Options
from bench.pages_fill import Places, Sizes, fill
from bench.processes import Cores, cpu_seconds
from bench.report import RESULTS, facts, table
from bench.servers import Home, Server, ostiary, settle

LIMIT_MS = 100.0
WARM_UPS = 3
TIMES = 30


@dataclass(frozen=True)
class PageRequest:
    """A page by what a person would call it."""

    name: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class PageTime:
    name: str
    status: int
    median_ms: float
    p95_ms: float
    # Of the server's processor: robust where the time by the clock is not.
    cpu_ms: float
    kib: float

    @property
    def is_slow(self) -> bool:
        return self.p95_ms >= LIMIT_MS


def pages(places: Places, token: str) -> Iterator[PageRequest]:
    bank = f"?bank={places.bank}"
    key = f"/developers/keys/{places.key}"
    yield PageRequest("Overview", "/overview")
    yield PageRequest("Overview of a bank", f"/overview{bank}")
    yield PageRequest("Developers", "/developers")
    yield PageRequest("Developers, deep", f"/developers?before={places.deep_key}")
    yield PageRequest("Developers of a bank", f"/developers{bank}")
    yield PageRequest("Developers, search", "/developers?search=Program+999")
    yield PageRequest("Developers, search without a match", "/developers?search=nobody")
    yield PageRequest("Developers, expired", "/developers?status=expired")
    yield PageRequest("Generate a key", "/developers/keys/new")
    yield PageRequest("A key", key)
    for noun in ("revocation", "pause", "replacement"):
        yield PageRequest(f"A key, {noun}", f"{key}/{noun}")
    yield PageRequest("Customers", "/customers")
    yield PageRequest("Customers, deep", f"/customers?before={places.deep_customer}")
    yield PageRequest("Customers of a bank", f"/customers{bank}")
    yield PageRequest("Customers of a bank, deep", f"/customers{bank}&before={places.deep_customer}")
    yield PageRequest("Customers by type", "/customers?type=business")
    yield PageRequest("Customers by guid", f"/customers?guid={places.customer}")
    yield PageRequest("A customer", f"/customers/{places.customer}")
    yield PageRequest("Banks", "/banks")
    yield PageRequest("A bank", f"/banks/{places.bank}")
    yield PageRequest("New bank", "/banks/new")
    yield PageRequest("Team", "/team")
    yield PageRequest("Settings", "/settings")
    yield from activity(places)
    yield PageRequest("Token doctor", "/token-doctor")
    yield PageRequest("Token doctor, a token", "/token-doctor", urlencode({"pasted": token}))


def activity(places: Places) -> Iterator[PageRequest]:
    asked = {
        "": {},
        ", deep": {"before": places.deep_event},
        ", deep, upwards": {"after": places.deep_event},
        " of a bank": {"bank": places.bank},
        " of a bank, deep": {"bank": places.bank, "before": places.deep_event},
        " of a key": {"key": places.client_id},
        " of a person": {"person": places.person},
        ", revocations": {"type": "credential.deleted"},
        ", everything about customers": {"type": "customer"},
        ", revocations in a bank": {"type": "credential.deleted", "bank": places.bank},
        ", what a key never did": {"key": places.client_id, "type": "bank.created"},
        ", what a person did with a key": {"key": places.client_id, "person": places.person},
        ", a time without events": {"since": "2001-01-01", "until": "2001-01-02"},
    }
    for name, query in asked.items():
        yield PageRequest(f"Activity{name}", f"/activity?{urlencode(query)}")


class Browser:
    """One connection that stays open, and one person who is signed in."""

    def __init__(self, server: Server, cookie: str) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
        self.headers = {"Cookie": f"ostiary={cookie}", "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}

    def look(self, page: PageRequest) -> tuple[int, int]:
        """Status and size."""
        more = {"Content-Type": "application/x-www-form-urlencoded"} if page.body else {}
        self.connection.request("POST" if page.body else "GET", page.path, page.body or None, self.headers | more)
        response = self.connection.getresponse()
        return response.status, len(response.read())

    def close(self) -> None:
        self.connection.close()


def measured(browser: Browser, page: PageRequest, times: int = TIMES) -> PageTime:
    for _ in range(WARM_UPS):
        status, size = browser.look(page)
    taken, before = [], cpu_seconds(browser.server.pid)
    for _ in range(times):
        start = time.perf_counter()
        browser.look(page)
        taken.append((time.perf_counter() - start) * 1000)
    cpu_ms = (cpu_seconds(browser.server.pid) - before) / times * 1000
    taken.sort()
    return PageTime(page.name, status, statistics.median(taken), taken[int(0.95 * len(taken))], cpu_ms, size / 1024)


@contextmanager
def large_home(options: Options, sizes: Sizes) -> Iterator[tuple[Home, Places]]:
    with TemporaryDirectory(prefix="ostiary-bench-") as folder, fresh(options.database, Path(folder)) as url:
        home = settle(Path(folder), url)
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


def section(found: Sequence[PageTime]) -> str:
    rows = []
    for one in found:
        times = (f"{ms:.1f}" for ms in (one.median_ms, one.p95_ms, one.cpu_ms))
        rows.append((one.name, str(one.status), *times, f"{one.kib:.0f}", "slow" if one.is_slow else ""))
    return table(("page", "status", "median ms", "p95 ms", "CPU ms", "KiB", ""), rows)


def main(options: Options, cores: Cores, machine: Machine) -> int:
    sizes = Sizes(keys=options.keys or Sizes.keys)
    found = run(options, cores, sizes, lambda one: print(f"{one.median_ms:8.1f} ms  {one.name}", flush=True))
    counts = f"{sizes.keys:,} keys, {sizes.customers:,} customers, {sizes.events:,} events"
    how = f"each page {TIMES} times, one after the other, over one connection"
    text = f"{facts(machine, options, how)}\n\n### Pages at {counts}\n\n{section(found)}\n"
    print(f"\n{text}")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-pages.md"
    path.write_text(text)
    path.with_suffix(".json").write_text(json.dumps([asdict(one) for one in found], indent=2))
    print(f"Written to {path}")
    return 1 if any(one.is_slow or one.status != http.HTTPStatus.OK for one in found) else 0
