"""`python -m bench peers`: Ostiary and other token servers in turn, in one run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import verify
from bench.exchange import token_form
from bench.measure import Target
from bench.options import Options
from bench.peers import programs
from bench.peers.lineup import PEERS, Peer
from bench.processes import Cores
from bench.scenarios import SCOPE, Comparison, Plot, compared, home_with_keys
from bench.servers import ostiary


def runs(options: Options, cores: Cores) -> Iterator[Comparison]:
    chosen = [peer for peer in PEERS if peer.program not in options.without]
    install(chosen)
    with ExitStack() as stack:
        targets = [stack.enter_context(ourselves(options, cores))]
        for peer in chosen:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="ostiary-bench-peer-")))
            targets.append(stack.enter_context(peer.target(folder, options.few_keys, cores.server)))
        measured = compared("POST /oauth/token beside other servers", targets, options, cores, latency=False)
    yield replace(measured, plot=Plot())


def install(peers: list[Peer]) -> None:
    """Before anything is measured, and before anything is started: what is missing is said at once."""
    wanted = {peer.program for peer in peers}
    if "glewlwyd" in wanted:
        programs.glewlwyd()
    if "oidc-provider" in wanted:
        programs.node_folder(programs.node())
    if wanted & {"authlib", "django-oauth-toolkit"}:
        programs.peers_python()


@contextmanager
def ourselves(options: Options, cores: Cores) -> Iterator[Target]:
    options = replace(options, database="sqlite")
    with home_with_keys(options, options.few_keys) as (home, pairs), ostiary(home, cores.server) as server:
        requests = [token_form(pair, SCOPE) for pair in pairs]
        note = "SQLite, secrets as keyed HMAC-SHA-256, no row per token"
        yield Target("ostiary", server, requests, verify.tokens_of(server.port), home.data_dir, note)
