"""Minutes at 70 % of peak while keys are made and revoked, signing keys rotate and workers are replaced.

`python -m bench endure`: whatever somebody notices of it is a failure.
"""

import contextlib
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import jwt

from bench.driver import Latency, Outcome, Plan
from bench.exchange import Answer, Pair, Request, ask, ask_well, token_request
from bench.fill import settings_of
from bench.machine import Machine
from bench.measure import Target, peak
from bench.options import Options
from bench.processes import ROOT, Cores, family, memory, pinned
from bench.report import RESULTS, facts, table
from bench.scenarios import OPEN_LOOP_SHARE, SCOPE, home_with_keys
from bench.servers import Home, Server, ostiary
from bench.verify import JWKS, METADATA, tokens_of
from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications import service as applications
from ostiary.applications.models import ApplicationKind
from ostiary.applications.schemas import NewApplication
from ostiary.house import House
from ostiary.oauth import key_rotation, queries
from ostiary.oauth.models import SigningKey
from ostiary.web.schemas import read_as

WORKERS = 2
MINUTE_SECONDS = 60.0
PEAK_SECONDS = 5
# As long as a key is used before it is revoked.
KEPT_KEYS = 20
LOOKS = 5
# On a new connection each, so that every worker is asked.
LOOKS_AFTER_REVOCATION = 6
TURN_SECONDS = 0.5
# Two that start on a core which is busy already.
REPLACED_SECONDS = 30.0
# As the key set's Cache-Control has it; a verifier reads it no sooner.
JWKS_SECONDS = 300.0


@dataclass(frozen=True)
class Key:
    pair: Pair
    token: str


@dataclass
class Seen:
    """What happened, and what must not have."""

    keys_made: int = 0
    keys_revoked: int = 0
    looks: int = 0
    rotations: int = 0
    replacements: int = 0
    signers: set[str] = field(default_factory=set)
    valid_refused: int = 0
    revoked_accepted: int = 0
    unverified: int = 0
    server_errors: int = 0
    words: list[str] = field(default_factory=list)
    # A minute each, before its workers are replaced.
    mib: list[float] = field(default_factory=list)

    @property
    def failures(self) -> int:
        return self.valid_refused + self.revoked_accepted + self.unverified + self.server_errors


class Verifier:
    """Somebody else's API: knows the key set as it was when it last had to be read."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._issuer = str(ask_well(port, METADATA).json()["issuer"])
        self._read()

    def knows(self, token: str) -> bool:
        if time.monotonic() > self._stale_at:
            self._read()
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            jwt.decode(token, key, algorithms=["ES256"], audience=self._issuer, issuer=self._issuer)
        except (KeyError, jwt.PyJWTError):
            return False
        return True

    def _read(self) -> None:
        self._keys = jwt.PyJWKSet.from_dict(ask_well(self._port, JWKS).json())
        self._stale_at = time.monotonic() + JWKS_SECONDS


class Overseer:
    """Does what people do meanwhile, and looks whether anybody suffers."""

    def __init__(self, home: Home, server: Server) -> None:
        self.seen = Seen()
        self._server = server
        self.house = House(settings_of(home))
        self.alive: deque[Key] = deque()
        self._verifier = Verifier(server.port)
        self._bank = bank_of(server, home.pair)
        self._workers: set[int] = set()

    def oversee(self, load: "subprocess.Popen[str]") -> None:
        began = time.monotonic()
        rotate_at, replace_at = began + MINUTE_SECONDS / 2, began + MINUTE_SECONDS
        while load.poll() is None:
            self.turn()
            if time.monotonic() > rotate_at:
                key_rotation.rotate(self.house.store, self.house.signing_key_seal)
                self.seen.rotations += 1
                rotate_at += MINUTE_SECONDS
            if time.monotonic() > replace_at:
                self._replace_workers()
                replace_at += MINUTE_SECONDS
            time.sleep(TURN_SECONDS)
        self._note_replaced()

    def signing_keys(self) -> list[SigningKey]:
        with self.house.store.reading() as db:
            return list(queries.by_age(db))

    def close(self) -> None:
        self.house.store.close()

    def turn(self) -> None:
        """A new key, the oldest one's end, and a look at some of those between."""
        self.alive.append(self._made())
        if len(self.alive) > KEPT_KEYS:
            self._revoke(self.alive.popleft())
        for key in random.sample(self.alive, min(LOOKS, len(self.alive))):
            self.seen.looks += 1
            answer = self._asked(_banks(key.token))
            if answer.status != 200:
                self.seen.valid_refused += 1
                self.seen.words.append(f"a valid token: {answer.status} {answer.body[:200]!r}")

    def _made(self) -> Key:
        new = read_as(NewApplication, name="Endures", expires_at=clock.now() + dt.timedelta(days=1), ip_allowlist=[])
        with self.house.store.writing() as db:
            made = applications.create_for_bank(db, Actor.operator(), self.house.digester, self._bank, new)
        self.seen.keys_made += 1
        pair = Pair(made.application.client_id, made.secret)
        answer = self._asked(token_request(pair, SCOPE))
        token = str(answer.json().get("access_token", ""))
        if not self._verifier.knows(token):
            self.seen.unverified += 1
            self.seen.words.append(f"a token of a new key: {answer.status} {answer.body[:200]!r}")
        else:
            self.seen.signers.add(str(jwt.get_unverified_header(token)["kid"]))
        return Key(pair, token)

    def _revoke(self, key: Key) -> None:
        with self.house.store.writing() as db:
            applications.revoke(db, Actor.operator(), ApplicationKind.BANK, key.pair.client_id)
        self.seen.keys_revoked += 1
        for request in [_banks(key.token), token_request(key.pair, SCOPE)] * (LOOKS_AFTER_REVOCATION // 2):
            answer = self._asked(request)
            if answer.status != 401:
                self.seen.revoked_accepted += 1
                self.seen.words.append(f"a revoked key: {answer.status} {answer.body[:200]!r}")

    def _asked(self, request: Request) -> Answer:
        answer = ask(self._server.port, request)
        if answer.status >= 500:
            self.seen.server_errors += 1
        return answer

    def _replace_workers(self) -> None:
        self._note_replaced()
        self.seen.mib.append(memory(self._server.pid).resident_mib)
        self._workers = set(family(self._server.pid)[1:])
        os.kill(self._server.pid, signal.SIGHUP)

    def _note_replaced(self) -> None:
        """The workers that were told to go a minute ago are gone, and as many stand in their place."""
        if self._workers:
            deadline = time.monotonic() + REPLACED_SECONDS
            while not self._are_replaced(now := set(family(self._server.pid)[1:])) and time.monotonic() < deadline:
                time.sleep(TURN_SECONDS)
            if not self._are_replaced(now):
                self.seen.server_errors += 1
                self.seen.words.append(f"workers {sorted(self._workers)} were to be replaced, and {sorted(now)} serve")
            self.seen.replacements += 1

    def _are_replaced(self, now: set[int]) -> bool:
        return not now & self._workers and len(now) == WORKERS


def main(options: Options, cores: Cores, machine: Machine) -> int:
    with home_with_keys(options, options.few_keys) as (made, pairs):
        home = replace(made, env={**made.env, "OSTIARY_WORKERS": str(WORKERS)})
        with ostiary(home, cores.server) as server:
            requests = [token_request(pair, SCOPE) for pair in pairs]
            target = Target("ostiary", server, requests, tokens_of(server.port), home.data_dir)
            peak(target, cores, options.connections, 1)
            rate = OPEN_LOOP_SHARE * peak(target, cores, options.connections, PEAK_SECONDS).per_second
            print(f"{options.minutes} minutes at {rate:,.0f} requests a second", flush=True)
            plan = Plan(server.port, rate, options.minutes * MINUTE_SECONDS, options.open_connections)
            outcome, seen = _endured(home, server, target, plan, cores)
    text = report(facts(machine, options, f"{options.minutes} minutes, {WORKERS} workers on one core"), outcome, seen)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-endure.md"
    path.write_text(text)
    print(f"Written to {path}")
    return 1 if seen.failures or outcome.bad or outcome.unanswered else 0


def _endured(home: Home, server: Server, target: Target, plan: Plan, cores: Cores) -> tuple[Outcome, Seen]:
    command = [sys.executable, "-m", "bench.driver", str(target.file), json.dumps(asdict(plan))]
    with contextlib.closing(Overseer(home, server)) as overseer, _started(cores, command, home.data_dir) as load:
        overseer.oversee(load)
        counted = json.loads((home.data_dir / "outcome.json").read_text())
    return Outcome(**{**counted, "latency": Latency(**counted["latency"])}), overseer.seen


@contextlib.contextmanager
def _started(cores: Cores, command: Sequence[str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    with (folder / "outcome.json").open("w") as out:
        load = subprocess.Popen(pinned(cores.load, command), cwd=ROOT, stdout=out, text=True)
    try:
        yield load
    finally:
        load.kill()
        load.wait()


def report(heading: str, outcome: Outcome, seen: Seen) -> str:
    rows = [
        ("tokens asked for", f"{outcome.planned:,}"),
        ("not answered with 200", str(outcome.bad + outcome.unanswered)),
        ("connections closed with an answer, and opened anew", f"{outcome.reconnected:,}"),
        ("p50, p99, greatest, ms", " ".join(f"{each:.1f}" for each in _shown(outcome.latency))),
        ("keys made, revoked", f"{seen.keys_made:,}, {seen.keys_revoked:,}"),
        ("uses of valid tokens, refused", f"{seen.looks:,}, {seen.valid_refused}"),
        ("uses of revoked keys and their tokens, accepted", f"{_after(seen):,}, {seen.revoked_accepted}"),
        ("tokens that the published keys do not verify", str(seen.unverified)),
        ("signing keys added, that signed", f"{seen.rotations}, {len(seen.signers)}"),
        ("times all workers were replaced", str(seen.replacements)),
        ("answers of 500 and more to these", str(seen.server_errors)),
        ("MiB of all processes, each minute", " ".join(f"{each:.0f}" for each in seen.mib)),
    ]
    words = "".join(f"\n- {each}" for each in seen.words[:20])
    return f"{heading}\n\n### Endurance\n\n{table(('what', 'figure'), rows)}\n{words}"


def _shown(latency: Latency) -> tuple[float, float, float]:
    return latency.p50, latency.p99, latency.max


def _after(seen: Seen) -> int:
    return seen.keys_revoked * LOOKS_AFTER_REVOCATION


def bank_of(server: Server, pair: Pair) -> str:
    answer = ask_well(server.port, token_request(pair, SCOPE))
    claims = jwt.decode(str(answer.json()["access_token"]), options={"verify_signature": False})
    return str(claims["bank_guid"])


def _banks(token: str) -> Request:
    return Request("GET", "/api/banks", (("Authorization", f"Bearer {token}"),))
