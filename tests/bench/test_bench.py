"""The benchmark measures a real server: small loads, and only what does not depend on the machine is asserted."""

import json
import shutil
from collections.abc import Callable, Iterator

import pytest

from bench import verify
from bench.databases import fresh
from bench.driver import Plan
from bench.exchange import Pair, ask_well, token_request
from bench.fill import fill
from bench.machine import this_machine
from bench.measure import Peak, Steady, Target, peak, steady
from bench.options import Options, parse
from bench.processes import Cores, memory
from bench.report import Report
from bench.scenarios import SCOPE, Comparison, OpenLoop, Series
from bench.servers import Home, Server, floor, ostiary, settle
from tests.postgres import Postgres

pytestmark = pytest.mark.any_database

RATE = 200
KEYS = 250
ACTIVE = 50

Load = Callable[[Target, Cores], Peak | Steady]


# A server, a floor and a load generator take the cores from everybody else.
pytestmark = pytest.mark.only_long


@pytest.fixture(scope="module")
def cores() -> Cores:
    return Cores.of_this_machine()


@pytest.fixture(scope="module")
def home(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("bench")
    with fresh(postgres.url("postgres") if postgres else "sqlite", folder) as database_url:
        yield settle(folder, database_url)


@pytest.fixture(scope="module")
def server(home: Home, cores: Cores) -> Iterator[Server]:
    with ostiary(home, cores.server) as running:
        yield running


@pytest.fixture
def target(home: Home, server: Server) -> Target:
    requests = [token_request(home.pair, SCOPE)]
    return Target("ostiary", server, requests, verify.tokens_of(server.port), home.data_dir)


@pytest.fixture
def bare(target: Target, cores: Cores) -> Iterator[Target]:
    with floor(ask_well(target.server.port, target.requests[0]), cores.server, target.folder) as running:
        yield Target("floor", running, target.requests, verify.anything, target.folder)


def at_a_fixed_rate(target: Target, cores: Cores) -> Steady:
    return steady(target, cores, Plan(target.server.port, RATE, 1.0, 4))


def at_full_speed(target: Target, cores: Cores) -> Peak:
    return peak(target, cores, 4, 1)


# wrk is only there where somebody measures; without it the peak is left to them.
LOADS: list[Load] = [at_a_fixed_rate, *([at_full_speed] if shutil.which("wrk") else [])]


@pytest.mark.parametrize("load", LOADS)
def test_compares_with_the_floor(load: Load, target: Target, bare: Target, cores: Cores) -> None:
    ratio = load(target, cores).per_cpu_second / load(bare, cores).per_cpu_second
    assert 0 < ratio < 1.5


def test_answers_every_request_of_the_open_loop(target: Target, cores: Cores) -> None:
    outcome = at_a_fixed_rate(target, cores).outcome
    assert (outcome.answered, outcome.bad, outcome.unanswered) == (RATE, 0, 0)
    # Each of these was verified against the published keys.
    assert len(outcome.bodies) >= 20
    assert memory(target.server.pid).peak_mib > 10


def test_notices_a_wrong_answer(target: Target) -> None:
    somebody_else = token_request(Pair("ostid_" + "0" * 38, "x"), SCOPE)
    answer = ask_well(target.server.port, target.requests[0])
    with pytest.raises(RuntimeError, match="was given a token of"):
        target.check(somebody_else, answer.body)


def test_fills_a_database_with_keys_that_work(home: Home, target: Target) -> None:
    pairs = fill(home, KEYS, ACTIVE)
    assert len({pair.client_id for pair in pairs}) == ACTIVE
    for pair in pairs:
        request = token_request(pair, SCOPE)
        target.check(request, ask_well(target.server.port, request).body)


def test_reports_what_was_measured(target: Target, bare: Target, cores: Cores) -> None:
    runs = [at_a_fixed_rate(one, cores) for one in (target, bare)]
    peaks = [Peak(run.outcome.answered, 1.0, 0, 0, run.usage) for run in runs]
    series = [Series(run.name, [one], memory(target.server.pid)) for run, one in zip(runs, peaks, strict=True)]
    loops = [OpenLoop(run.name, [run, run]) for run in runs]
    report = Report(this_machine(cores), Options(), [Comparison("POST /oauth/token", series, loops)])
    assert "| ostiary / floor" in report.markdown()
    p99 = f"{runs[0].outcome.latency.p99:.1f}"
    assert f" {p99} {p99} " in report.markdown()
    assert "requests failed" not in report.markdown()
    assert list(json.loads(report.json())["ratios"]["POST /oauth/token"]) == ["ostiary / floor"]


def test_says_that_failed_requests_void_the_figures(target: Target, cores: Cores) -> None:
    run = at_a_fixed_rate(target, cores)
    series = [Series("ostiary", [Peak(10, 1.0, 3, 0, run.usage)], memory(target.server.pid))]
    report = Report(this_machine(cores), Options(), [Comparison("POST /oauth/token", series)])
    assert "3 requests failed: these figures are void" in report.markdown()


def test_takes_its_options_from_the_command_line() -> None:
    options = parse(["keys", "--keys", "2000", "--seconds", "2", "--database", "postgresql://somewhere/db"])
    assert (options.scenarios, options.many_keys, options.seconds) == (("keys",), 2000, 2)
    assert parse([]).scenarios == ("token", "bearer")
