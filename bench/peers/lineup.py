"""Who is compared, how each is started, and what one must know of each."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import verify
from bench.exchange import HOST, Request, token_form
from bench.measure import Check, Target
from bench.peers import glewlwyd, programs
from bench.peers.setup import AUDIENCE, Setup
from bench.processes import Place, start, stop
from bench.scenarios import SCOPE
from bench.servers import Server, wait_until_ready

# Yields the process.
Serving = Callable[[Setup, Place], AbstractContextManager[int]]
PATH = "/oauth/token"


@dataclass(frozen=True)
class Peer:
    name: str
    # As it is called where it comes from.
    program: str
    serving: Serving
    note: str
    path: str = PATH
    makes_jwts: bool = True
    audience: str = AUDIENCE
    is_slow: bool = False

    def check(self, setup: Setup) -> Check:
        return verify.tokens_by(setup.key, setup.issuer, self.audience) if self.makes_jwts else verify.opaque_tokens()

    @contextmanager
    def target(self, folder: Path, clients: int, core: Place) -> Iterator[Target]:
        setup = Setup.new(folder, clients)
        setup.write()
        requests = [token_form(pair, SCOPE, self.path) for pair in setup.pairs]
        with self.serving(setup, core) as pid:
            server = Server(self.name, setup.port, pid)
            note = f"{programs.version(self.program)}; {self.note}"
            yield Target(self.name, server, requests, self.check(setup), folder, note, self.is_slow)


def first_request(setup: Setup) -> Request:
    return token_form(setup.pairs[0], SCOPE, PATH)


@contextmanager
def answering(setup: Setup, core: Place, command: list[str], env: dict[str, str]) -> Iterator[int]:
    log = setup.folder / "server.log"
    process = start(core, command, {**os.environ, **env}, log)
    try:
        wait_until_ready(process, setup.port, log, first_request(setup))
        yield process.pid
    finally:
        stop(process)


def oidc_provider(setup: Setup, core: Place) -> AbstractContextManager[int]:
    node = programs.node()
    # Node looks for packages beside the program that wants them.
    program = shutil.copy(programs.HERE / "oidc_provider.mjs", programs.node_folder(node))
    return answering(setup, core, [str(node.program), str(program), str(setup.path)], {"NODE_ENV": "production"})


def gunicorn(module: str, argument: str) -> Serving:
    def serving(setup: Setup, core: Place) -> AbstractContextManager[int]:
        command = [str(programs.peers_python()), "-m", "gunicorn", "--no-control-socket", "--log-level", "warning"]
        command += ["--bind", f"{HOST}:{setup.port}", "--workers", "1", "--timeout", "120"]
        application = f"bench.peers.{module}:application('{setup.path}', '{argument}')"
        return answering(setup, core, [*command, application], {})

    return serving


def glewlwyd_with(iterations: int | None) -> Serving:
    return lambda setup, core: glewlwyd.serving(setup, core, iterations)


PEERS = (
    Peer("oidc-provider", "oidc-provider", oidc_provider, "in memory, secrets not hashed, no row per token"),
    Peer(
        "Authlib",
        "authlib",
        gunicorn("authlib_server", "plain"),
        "SQLite without SQLAlchemy, secrets not hashed, no row per token",
    ),
    Peer(
        "Authlib as documented",
        "authlib",
        gunicorn("authlib_server", "documented"),
        "SQLAlchemy on SQLite, secrets not hashed, a row per token",
    ),
    Peer(
        "django-oauth-toolkit, MD5",
        "django-oauth-toolkit",
        gunicorn("django_server", "MD5PasswordHasher"),
        "SQLite, a row per token; its cheapest hash. Tokens are opaque: it makes no JWTs and signs nothing",
        makes_jwts=False,
    ),
    Peer(
        "django-oauth-toolkit, PBKDF2",
        "django-oauth-toolkit",
        gunicorn("django_server", "PBKDF2PasswordHasher"),
        "the same with its default hash",
        makes_jwts=False,
        is_slow=True,
    ),
    Peer(
        "Glewlwyd, one iteration",
        "glewlwyd",
        glewlwyd_with(1),
        "SQLite, a row per token and scope; PBKDF2 of one iteration, its cheapest hash",
        path=glewlwyd.TOKEN_PATH,
        # It takes what was asked for.
        audience=SCOPE,
    ),
    Peer(
        "Glewlwyd, PBKDF2",
        "glewlwyd",
        glewlwyd_with(None),
        "the same with its default hash",
        path=glewlwyd.TOKEN_PATH,
        audience=SCOPE,
        is_slow=True,
    ),
)
