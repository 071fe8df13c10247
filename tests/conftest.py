"""What every test can ask for: a fresh database, an Ostiary on it, a client, a real server."""

import inspect
import math
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from pydantic import SecretStr
from starlette.testclient import TestClient

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.db.store import Store
from ostiary.settings import Settings
from tests.apps import app_on
from tests.browser import running_chromium
from tests.compiled_once import statements_compiled_once
from tests.databases import empty_database, fresh_database
from tests.live import MASTER_KEY, LiveServer, environment, free_port, start_server
from tests.oauth.desk import Desk, open_desk
from tests.postgres import Postgres, running_postgres
from tests.redis_server import RedisServer, running_redis
from tests.ticking import Ticks

Database = Literal["sqlite", "postgresql"]

# Folders whose tests all open a database and are about something else, as if each bore the mark any_database.
ABOUT_SOMETHING_ELSE = {
    "checks",
    "contract",
    "dashboard",
    "interop",
    "matrix",
    "pages",
    "proxies",
    "server",
    "timing",
    "web",
}

# Where a walk of twenty thousand steps, or two hundred deaths, takes several minutes.
LONGEST = {"tenancy", "durability"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ostiary")
    group.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite", help="the database under test")
    group.addoption("--long", action="store_true", help="full counts: most of an hour instead of minutes")
    group.addoption("--times", type=int, help="the count of every test that counts, for a run of its own")
    group.addoption(
        "--needs-database",
        action="store_true",
        help="leave out what opens no database, or always the same one; without --long also the mark any_database",
    )


def pytest_configure() -> None:
    """The developer's own settings stay outside."""
    for name in [name for name in os.environ if name.startswith("OSTIARY_")]:
        del os.environ[name]
    # Tests travel in time within this process, where nobody has set a clock; servers of their own do notice.
    clock.MOST_SET_SECONDS = math.inf


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A second run repeats only what another database could change; what repeats itself comes first."""
    for mark, is_left_out in (
        ("only_postgresql", config.getoption("--database") == "sqlite"),
        ("only_long", not config.getoption("--long")),
    ):
        if is_left_out:
            others = [item for item in items if item.get_closest_marker(mark)]
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if item not in others]
    if config.getoption("--needs-database"):
        is_long = config.getoption("--long")
        wanted = {item: needs_database(item) and (is_long or not says_the_same(item)) for item in items}
        config.hook.pytest_deselected(items=[item for item in items if not wanted[item]])
        items[:] = [item for item in items if wanted[item]]
    items[:] = dealt(items)


def dealt(items: list[pytest.Item]) -> list[pytest.Item]:
    """The files that count come first in every process: begun last, they would keep one busy and the others waiting.

    Each process of the run gets its share as one stretch of the list.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long_files = {item.path: None for item in items if "count" in getattr(item, "fixturenames", ())}
    longest_first = sorted(long_files, key=lambda path: path.parent.name not in LONGEST)
    others = iter([item for item in items if item.path not in long_files])
    found: list[pytest.Item] = []
    for process in range(processes):
        mine = longest_first[process::processes]
        first = [item for path in mine for item in items if item.path == path]
        share = (len(items) - len(found)) // (processes - process)
        found += [*first, *islice(others, max(0, share - len(first)))]
    return [*found, *others]


def needs_database(item: pytest.Item) -> bool:
    """Every way to the database under test leads through the fixture `database`, or through asking for one by name."""
    assert isinstance(item, pytest.Function)
    asks_by_name = "request" in inspect.signature(item.function).parameters
    return asks_by_name or "database" in item.fixturenames


def says_the_same(item: pytest.Item) -> bool:
    return item.get_closest_marker("any_database") is not None or item.path.parent.name in ABOUT_SOMETHING_ELSE


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A test that did not run proves nothing, so a skip is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    with statements_compiled_once():
        yield


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Database:
    chosen: Database = request.config.getoption("--database")
    return chosen


@pytest.fixture(scope="session")
def postgres(database: Database) -> Iterator[Postgres | None]:
    if database == "sqlite":
        yield None
        return
    with running_postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres: Postgres | None, tmp_path: Path) -> Iterator[str]:
    """A database for this test alone: the schema, and nothing in it."""
    with fresh_database(postgres, tmp_path) as url:
        yield url


@pytest.fixture
def nothing_yet(postgres: Postgres | None, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a schema."""
    with empty_database(postgres, tmp_path) as url:
        yield url


@pytest.fixture
def settings(database: Database, database_url: str, tmp_path: Path) -> Settings:
    # On SQLite the server makes its own master key, as it does for everybody who only starts it.
    key = SecretStr(MASTER_KEY) if database == "postgresql" else None
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr(database_url), master_key=key)


@pytest.fixture
def ostiary(settings: Settings) -> Iterator[Ostiary]:
    with app_on(settings) as made:
        yield made


@pytest.fixture
def http(ostiary: Ostiary, settings: Settings) -> Iterator[TestClient]:
    """A client on loopback, over the application with its background work running."""
    with TestClient(ostiary, base_url=settings.issuer, client=("127.0.0.1", 50000)) as client:
        yield client


@pytest.fixture
def store(ostiary: Ostiary) -> Store:
    return ostiary.store


@pytest.fixture
def desk(ostiary: Ostiary) -> Iterator[Desk]:
    """Keys, tokens and requests without a network."""
    with open_desk(ostiary) as opened:
        yield opened


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    """The clock of limits, in the hand of the test."""
    return Ticks(monkeypatch)


@pytest.fixture
def live(settings: Settings, database_url: str) -> Iterator[LiveServer]:
    """A real server on a free port; it shares database and keys with `ostiary`, should a test ask for both."""
    with start_server(environment(settings.data_dir, database_url), free_port()) as server:
        yield server


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """One for each test, because each brings it down in its own way."""
    with running_redis() as server:
        yield server


# For a file, not for the whole run: as long as Playwright stands, no other event loop can run in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as started:
        yield started


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Picks the short count or, with --long, the full one, and puts it on record.

    A second run counts in full only what another database could change.
    """
    counts_once = says_the_same(request.node) or request.node.get_closest_marker("counts_once") is not None
    is_again = request.config.getoption("--needs-database") and counts_once
    is_full = request.config.getoption("--long") and not is_again

    def pick(short: int, long: int) -> int:
        picked = request.config.getoption("--times") or (long if is_full else short)
        request.node.user_properties.append(("count", picked))
        return picked

    return pick
