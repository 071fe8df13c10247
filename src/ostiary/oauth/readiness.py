"""Whether a token could be made now, found out the way a token is made: by the same kind of read."""

from collections.abc import Sequence

from ostiary import clock
from ostiary.db.fast_reads import Lookup
from ostiary.errors import StoreUnavailable
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.web.health import Finding
from ostiary.web.refusals import note_away

AWAY = Finding("database", "The database does not answer", "Look at the database, and at the log of this server.")
RETIRED = Finding(
    "signing_key",
    "The key with which this server signs was retired",
    "Wait a second for the newest one; if that does not help, restart this server.",
)


CLOCK = Finding(
    "clock",
    "The clock of this machine was set by more than a minute while the server ran, or differs from the database's",
    "Set it right; if it is right now, restart this server.",
)


class Readiness:
    def __init__(self, lookup: Lookup, keys: SigningKeys) -> None:
        self._lookup = lookup
        self._keys = keys

    async def __call__(self) -> Sequence[Finding]:
        try:
            rows = await self._lookup(self._keys.current_kid)
        except StoreUnavailable as error:
            note_away(error)
            return [AWAY]
        counts = any(kid is not None for _, kid in rows)
        right = CLOCK if clock.watch.is_wrong else Finding("clock")
        return [Finding("database"), Finding("signing_key") if counts else RETIRED, right]
