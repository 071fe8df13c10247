"""How long answers took and which they were: counted on the event loop alone, so without a lock."""

from bisect import bisect_left
from collections import Counter, defaultdict
from enum import StrEnum
from time import perf_counter

from ostiary.web.asgi import App, Message, Receive, Scope, Send

# Upper ends, in seconds; the last stretch has none.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Kind(StrEnum):
    """What was asked for."""

    TOKEN = "token"  # noqa: S105 - a word, no secret
    OAUTH = "oauth"
    API = "api"
    PAGES = "pages"


class Durations:
    """Since the start of this process."""

    def __init__(self) -> None:
        self.statuses: Counter[tuple[Kind, int]] = Counter()
        # How many answers took that long, by the place of the stretch in `BOUNDS`.
        self.stretches: defaultdict[Kind, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self.seconds: defaultdict[Kind, float] = defaultdict(float)

    def took(self, kind: Kind, seconds: float, times: int = 1) -> None:
        self.stretches[kind][bisect_left(BOUNDS, seconds)] += times
        self.seconds[kind] += seconds * times

    def ended(self, kind: Kind, status: int) -> None:
        self.statuses[kind, status] += 1

    def timed(self, kind: Kind, app: App) -> App:
        """The same application, watched."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            began = perf_counter()

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.ended(kind, message["status"])
                await send(message)

            try:
                await app(scope, receive, noting)
            finally:
                self.took(kind, perf_counter() - began)

        return watched
