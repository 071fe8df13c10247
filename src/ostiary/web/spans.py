"""What an application asks of whoever follows its requests over several systems; usually nobody does."""

from typing import Protocol

from ostiary.web.asgi import App
from ostiary.web.durations import Kind


class Tracing(Protocol):
    @property
    def is_on(self) -> bool:
        """Whether requests have to be told apart, and so cannot be answered many at once."""

    def traced(self, kind: Kind, app: App) -> App:
        """The same application, a span for each of its requests."""

    def named(self, app: App) -> App:
        """The same application, which knows its routes: each span is called by the one that was taken."""

    def close(self) -> None: ...


class Untraced:
    is_on = False

    def traced(self, _: Kind, app: App) -> App:
        return app

    def named(self, app: App) -> App:
        return app

    def close(self) -> None:
        pass
