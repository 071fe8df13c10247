"""What a server knows of itself, for Prometheus, on a listener of its own: who may call it may not see how it fares."""

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from socketserver import TCPServer, ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ostiary import __version__, clock
from ostiary.applications.usage import Usage
from ostiary.db.store import Store
from ostiary.errors import ConfigurationError, StoreUnavailable
from ostiary.events import queries
from ostiary.limits.counting import Counting
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.web.durations import BOUNDS, Durations

BOUND_NAMES = [*map(str, BOUNDS), "+Inf"]


@dataclass(frozen=True)
class Facts(Collector):
    """Read anew at every call; only the database is asked, for what no process knows alone."""

    durations: Durations
    usage: Usage
    store: Store
    counting: Counting
    keys: SigningKeys

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("ostiary_build_info", "The release, and the process.", labels=["version", "pid"])
        build.add_metric([__version__, str(os.getpid())], 1)
        yield build
        yield from self._requests()
        yield from self._keys()
        yield from self._database()
        yield GaugeMetricFamily(
            "ostiary_clock_ahead_seconds",
            "How far the clock was set while the server ran, or differs from the database's; 0 within a minute.",
            clock.watch.ahead_seconds,
        )
        if self.counting.is_shared:
            yield GaugeMetricFamily(
                "ostiary_limits_redis_up", "Whether limits count in Redis, and not here alone.", self.counting.is_whole
            )

    def _requests(self) -> Iterator[Metric]:
        answered = CounterMetricFamily("ostiary_requests", "Answers, by their status.", labels=["kind", "status"])
        for (kind, status), count in sorted(self.durations.statuses.items()):
            answered.add_metric([kind, str(status)], count)
        yield answered
        took = HistogramMetricFamily("ostiary_request_seconds", "From a request to its answer.", labels=["kind"])
        for kind, stretches in sorted(self.durations.stretches.items()):
            buckets = list(zip(BOUND_NAMES, accumulate(stretches), strict=True))
            took.add_metric([kind], buckets, self.durations.seconds[kind])
        yield took

    def _keys(self) -> Iterator[Metric]:
        used = CounterMetricFamily(
            "ostiary_key_uses", "Uses of keys, granted or refused, by outcome.", labels=["outcome"]
        )
        for outcome, count in sorted(self.usage.totals().items()):
            used.add_metric([outcome], count)
        yield used
        count = len(self.keys.published)
        yield GaugeMetricFamily("ostiary_signing_keys", "Signing keys that are published.", count)
        yield GaugeMetricFamily(
            "ostiary_signing_keys_age_seconds", "Since signing keys were last read.", self.keys.age_seconds
        )

    def _database(self) -> Iterator[Metric]:
        pool = self.store.engine.pool
        assert isinstance(pool, sa.QueuePool)  # noqa: S101 - as the store makes it
        in_use = GaugeMetricFamily("ostiary_database_connections", "Of the slow lane.", labels=["state"])
        in_use.add_metric(["in_use"], pool.checkedout())
        in_use.add_metric(["idle"], pool.checkedin())
        yield in_use
        try:
            with self.store.reading() as db:
                count, oldest = queries.by_waiting(db)
        except StoreUnavailable:
            yield GaugeMetricFamily("ostiary_database_up", "Whether it answers.", 0)
            return
        yield GaugeMetricFamily("ostiary_database_up", "Whether it answers.", 1)
        yield GaugeMetricFamily("ostiary_events_waiting", "Pieces of work that events still have to cause.", count)
        waits = max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0
        yield GaugeMetricFamily("ostiary_events_waiting_seconds", "How long the oldest of them has waited.", waits)

    def describe(self) -> list[Metric]:
        """Nothing is asked of the database only to find out which names there are."""
        return []


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # A worker that ends and the one that comes for it stand at the same port for a moment.
    allow_reuse_port = True

    def server_bind(self) -> None:
        """As its parents do, without the look into DNS for a name that nobody asks for."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # an address of the internet
        self.setup_environ()


class _ServerOnIPv6(_Server):
    address_family = socket.AF_INET6


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def serve(facts: Facts, host: str, port: int) -> WSGIServer:
    """Answers from now on, in a thread of its own, until `shutdown`. Raises ConfigurationError."""
    registry = CollectorRegistry()
    registry.register(facts)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    try:
        kind = _ServerOnIPv6 if ":" in host else _Server
        server = make_server(host, port, make_wsgi_app(registry), kind, _Silent)
    except OSError as error:
        raise ConfigurationError(
            f"OSTIARY_METRICS_HOST and OSTIARY_METRICS_PORT: cannot listen on {host}:{port}: {error.strerror}"
        ) from error
    threading.Thread(target=server.serve_forever, name="ostiary-metrics", daemon=True).start()
    return server
