"""`ostiary serve`, which loads nothing that only the other commands need."""

import contextlib
import functools
import gc
import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import cast

import uvicorn

from ostiary import __version__, activation
from ostiary.app import Ostiary
from ostiary.errors import ConfigurationError, OstiaryError, in_plain_words
from ostiary.house import House
from ostiary.settings import Settings, load
from ostiary.users import set_up
from ostiary.web import log
from ostiary.web.immediate import ImmediateProtocol
from ostiary.web.leaving import LeavingServer
from ostiary.web.spans import Tracing, Untraced

DRAIN_SECONDS = 10
MOST_OPEN_FILES = 16_384
SWITCH_SECONDS = 0.0005
COLLECT_AFTER = (10_000, 10, 10)


def main() -> None:
    try:
        is_served = serve()
    except OstiaryError as error:
        _tell(in_plain_words(error))
        is_served = False
    sys.exit(0 if is_served else 1)


def serve() -> bool:
    """Until somebody stops it; False when it could not start. Raises OstiaryError."""
    chosen = load()
    if chosen.workers > 1 and not activation.is_worker():
        # In place of this process, which has loaded what only workers need. Not from the folder it is started in.
        os.execv(sys.executable, [sys.executable, "-P", "-m", "ostiary.supervisor"])  # noqa: S606 - our own program
    log.configure(chosen.log_level, chosen.log_format)
    opened = House(chosen)
    opened.prepare()
    app = Ostiary(opened, _tracing(opened, chosen))
    _allow_many_connections()
    listening = activation.listening_socket(chosen)
    if activation.speaks_to_people():
        _tell_where(opened, chosen)
    server = _server(app, chosen)
    watched = _tell_prometheus(app, chosen)
    # A thread of the background gives the interpreter back this soon; five milliseconds are Python's own choice.
    sys.setswitchinterval(SWITCH_SECONDS)
    _keep_for_good()
    # Only a supervisor can replace what serves: alone it ends well, and whoever started it starts it again.
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    watched()
    return server.started


def _server(app: Ostiary, chosen: Settings) -> LeavingServer:
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=ImmediateProtocol,
        ws="none",
        lifespan="on",
        # Ostiary decides itself whose forwarding headers count, and keeps query strings out of logs.
        proxy_headers=False,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )

    def leave() -> None:
        activation.notify(activation.STOPPING)
        app.health.leave()

    return LeavingServer(
        config,
        begins=functools.partial(activation.notify, activation.READY),
        leaves=leave,
        is_alone=activation.is_orphaned,
        inviting_seconds=chosen.leaving_seconds,
    )


def _tell_prometheus(app: Ostiary, chosen: Settings) -> Callable[[], None]:
    """Returns what ends it. Raises ConfigurationError."""
    if chosen.metrics_port is None:
        return lambda: None
    # Two megabytes, for those who ask for them.
    metrics = importlib.import_module("ostiary.metrics")
    facts = metrics.Facts(app.durations, app.usage, app.store, app.counting, app.keys)
    server = metrics.serve(facts, chosen.metrics_host, chosen.metrics_port + activation.worker_place())
    return cast("Callable[[], None]", server.shutdown)


def _tracing(opened: House, chosen: Settings) -> Tracing:
    """Raises ConfigurationError."""
    if not chosen.traces_url:
        return Untraced()
    try:
        # An extra, for those who ask for it.
        traces = importlib.import_module("ostiary.traces")
    except ImportError as error:
        raise ConfigurationError(
            "OSTIARY_TRACES_URL needs OpenTelemetry, which is not installed: pip install 'ostiary[traces]'"
        ) from error
    found = traces.Traces(chosen.traces_url)
    found.watch(opened.store)
    return cast("Tracing", found)


def _tell_where(opened: House, chosen: Settings) -> None:
    _tell(f"Ostiary {__version__} serves {chosen.issuer} (reference: {chosen.issuer}/api/schema/swagger-ui)")
    link = opened.offer_set_up()
    if link is None:
        return
    # To a person at a terminal; anything else that reads standard error is a log, and learns only where to look.
    shown = link if sys.stderr.isatty() else f"the link in {set_up.link_file(chosen)}"
    _tell(f"Nobody can sign in yet. Within a day, open {shown}")


def _keep_for_good() -> None:
    """What stands by now stays, and whoever waits for a token need not wait until all of it was looked through."""
    gc.collect()
    gc.freeze()
    # A turn makes thousands of short-lived objects, and they are no circles.
    gc.set_threshold(*COLLECT_AFTER)


def _allow_many_connections() -> None:
    """As many as the system lets us ask for: each takes a file, 1,024 is usual, and a writer needs one as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MOST_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
