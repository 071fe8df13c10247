"""What the benchmark says of other servers is checked, pinned, and void when a request failed."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from bench import report, verify
from bench.exchange import Pair, token_form, token_request
from bench.machine import this_machine
from bench.measure import Peak, Usage
from bench.options import PEERS as NAMES
from bench.options import Options, parse
from bench.peers import programs
from bench.peers.lineup import PEERS
from bench.peers.run import install
from bench.peers.setup import AUDIENCE, Setup
from bench.processes import Cores, Memory
from bench.report import Report
from bench.scenarios import SCOPE, Comparison, Plot, Series

REQUEST = token_form(Pair("client-1", "secret"), SCOPE)


def series(name: str, requests: int, note: str = "", bad: int = 0) -> Series:
    return Series(name, [Peak(requests, 1.0, bad, 0, Usage(1.0, 1.0, 1.0, 0))], Memory(1.0, 1.0), note)


COMPARISON = Comparison(
    "beside others", [series("ostiary", 15_000), series("slow", 3, note="its tokens are opaque")], plot=Plot()
)


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup.new(tmp_path, 2)


def answer(setup: Setup, **changed: str) -> bytes:
    claims = {"iss": setup.issuer, "aud": AUDIENCE, "client_id": "client-1", "jti": "1", **changed}
    return json.dumps({"access_token": signed(setup, claims), "scope": SCOPE}).encode()


def signed(setup: Setup, claims: dict[str, str]) -> str:
    return jwt.encode(dict(claims), jwt.PyJWK(setup.key).key, algorithm="ES256")


def test_accepts_what_the_peer_signed_for_whom_asked_once(setup: Setup) -> None:
    check = verify.tokens_by(setup.key, setup.issuer, AUDIENCE)
    check(REQUEST, answer(setup))
    with pytest.raises(RuntimeError, match="share the jti"):
        check(REQUEST, answer(setup))
    with pytest.raises(RuntimeError, match="was given a token of"):
        check(REQUEST, answer(setup, client_id="client-2"))


def test_refuses_what_another_key_signed(setup: Setup, tmp_path: Path) -> None:
    with pytest.raises(jwt.InvalidSignatureError):
        verify.tokens_by(Setup.new(tmp_path, 1).key, setup.issuer, AUDIENCE)(REQUEST, answer(setup))


def test_wants_opaque_tokens_that_differ() -> None:
    check = verify.opaque_tokens()
    check(REQUEST, json.dumps({"access_token": "a", "scope": SCOPE}).encode())
    with pytest.raises(RuntimeError, match="share the jti"):
        check(REQUEST, json.dumps({"access_token": "a", "scope": SCOPE}).encode())
    with pytest.raises(RuntimeError, match="empty token"):
        check(REQUEST, json.dumps({"access_token": "", "scope": SCOPE}).encode())


def test_asks_everybody_for_the_same() -> None:
    assert REQUEST.members() == token_request(Pair("client-1", "secret"), SCOPE).members()


def test_says_beside_a_peer_what_it_cannot_do() -> None:
    shown = report.section(COMPARISON)
    assert re.search(r"\| slow .* 3\.0 .*\| its tokens are opaque +\|", shown)
    assert re.search(r"\| ostiary / slow +\| 5,000\.0 \|", shown)


def test_voids_the_figures_when_a_peer_failed() -> None:
    failed = replace(COMPARISON, series=[*COMPARISON.series, series("broken", 10, bad=2)])
    assert failed.failures == 2
    assert "2 requests failed: these figures are void" in report.section(failed)


def test_puts_the_plot_beside_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    path = Report(this_machine(Cores.of_this_machine()), Options(scenarios=("peers",)), [COMPARISON]).write()
    plot = path.with_name(f"{path.stem}-1.svg")
    assert "slow" in plot.read_text()
    assert f"![beside others]({plot.name})" in path.read_text()


def test_leaves_out_whom_one_names() -> None:
    assert parse(["peers", "--without", "glewlwyd", "--without", "authlib"]).without == ("glewlwyd", "authlib")
    assert {peer.program for peer in PEERS} == set(NAMES)
    assert len({peer.name for peer in PEERS}) == len(PEERS)


def test_says_how_to_get_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(programs.Missing, match=r"apt-get install .*glewlwyd"):
        install(list(PEERS))


def test_pins_every_program_by_its_content() -> None:
    pinned = re.findall(r"^[a-z].*==.*(?:\n    --hash=.*)+", programs.REQUIREMENTS.read_text(), re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[a-z]", programs.REQUIREMENTS.read_text(), re.MULTILINE))
    assert programs.version("authlib") != "unknown" != programs.version("django-oauth-toolkit")
    lock = json.loads((programs.HERE / "package-lock.json").read_text())["packages"]
    assert all("integrity" in package and "resolved" not in package for name, package in lock.items() if name)


def test_is_no_part_of_all() -> None:
    assert not {"peers", "stores", "workers"} & set(parse(["all"]).scenarios)
