"""Moving windows in Redis: one script counts for every process, by Redis's own clock, and nothing comes in between."""

import importlib
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from ostiary.errors import ConfigurationError, OstiaryError
from ostiary.limits.kinds import US_PER_SECOND, Ask, Counted, Exceeded, Limits, Verdict

# For connecting, and for an answer: on one network both take less than a millisecond. Only who asks at the beginning of
# an outage waits so long, and whoever gives up early counts alone for a second.
WAIT_SECONDS = 0.5
PREFIX = "ostiary:limits"

# Each list holds moments, the oldest first, and no more of them than the limit. Of each request: how many lists, then
# limit and length of each. The answer: 0 and the moment, or which of them says no and for how long.
SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers = {}
local first, at = 1, 1
while at <= #ARGV do
  local many = tonumber(ARGV[at])
  local worst, which = 0, 0
  for i = 0, many - 1 do
    local key, most, length = KEYS[first + i], tonumber(ARGV[at + 1 + 2 * i]), tonumber(ARGV[at + 2 + 2 * i])
    local last = tonumber(redis.call('LINDEX', key, -1) or 0)
    -- Somebody has set the clock back: what lies ahead would never be over.
    if last > now + 1000000 then redis.call('DEL', key) end
    local oldest = redis.call('LINDEX', key, -most)
    local wait = oldest and tonumber(oldest) + length - now or 0
    if wait > worst then worst, which = wait, i + 1 end
  end
  if which == 0 then
    for i = 0, many - 1 do
      local key, most, length = KEYS[first + i], tonumber(ARGV[at + 1 + 2 * i]), tonumber(ARGV[at + 2 + 2 * i])
      redis.call('RPUSH', key, now)
      redis.call('LTRIM', key, -most, -1)
      redis.call('PEXPIRE', key, length / 1000)
    end
    worst = now
  end
  answers[#answers + 1] = which
  answers[#answers + 1] = worst
  first = first + many
  at = at + 1 + 2 * many
end
return answers
"""


class Away(OstiaryError):  # noqa: N818 - reads as what happened
    """Redis did not answer in time, or not as it should."""


class RedisWindows:
    """Answers as `Windows` does; raises Away. For one thread at a time."""

    def __init__(self, url: str, limits: Limits, name_key: bytes) -> None:
        driver = _driver()
        self._limits = limits
        self._name_key = name_key
        self._errors: tuple[type[Exception], ...] = (driver.RedisError, OSError, ValueError, TypeError)
        try:
            self._client: Any = driver.Redis.from_url(
                url,
                socket_timeout=WAIT_SECONDS,
                socket_connect_timeout=WAIT_SECONDS,
            )
        except ValueError as error:
            raise ConfigurationError(f"OSTIARY_LIMITS_URL: {error}") from error
        self._script: Any = self._client.register_script(SCRIPT)

    def take(self, asks: Sequence[Ask]) -> list[Verdict]:
        known = [[counted for counted in ask if counted[0] in self._limits] for ask in asks]
        arguments: list[int] = []
        for ask in known:
            arguments.append(len(ask))
            for kind, _ in ask:
                limit = self._limits[kind]
                arguments += (limit.requests, limit.seconds * US_PER_SECOND)
        names = [self._name(counted) for ask in known for counted in ask]
        try:
            answers = self._run(names, arguments)
            pairs = zip(answers[::2], answers[1::2], strict=True)
            return [self._verdict(ask, which, value) for ask, (which, value) in zip(known, pairs, strict=True)]
        except self._errors as error:
            raise Away(f"{type(error).__name__}: {error}".partition("\n")[0]) from error

    def give_back(self, ask: Ask, moment: int) -> None:
        try:
            for counted in ask:
                if counted[0] in self._limits:
                    self._client.lrem(self._name(counted), -1, moment)
        except self._errors as error:
            raise Away(f"{type(error).__name__}: {error}".partition("\n")[0]) from error

    def probe(self) -> None:
        """A write, because a Redis that is full, or somebody's replica, still answers questions."""
        try:
            self._client.set(f"{PREFIX}:probe", "", px=1000)
        except self._errors as error:
            raise Away(f"{type(error).__name__}: {error}".partition("\n")[0]) from error

    def close(self) -> None:
        self._client.close()

    def _run(self, names: list[str], arguments: list[int]) -> list[int]:
        answers: list[int] = self._script(names, arguments)
        return answers

    def _verdict(self, ask: Ask, which: int, value: int) -> Verdict:
        if which == 0:
            return value
        kind = ask[which - 1][0]
        return Exceeded(kind, self._limits[kind], value)

    def _name(self, counted: Counted) -> str:
        # Under a key of the installation's own: who looks into Redis learns no address, and two installations that
        # share one do not count together.
        kind, name = counted
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16, key=self._name_key).hexdigest()
        return f"{PREFIX}:{kind}:{digest}"


def _driver() -> Any:  # noqa: ANN401 - a module
    """An optional package, loaded by whoever counts in Redis."""
    try:
        return importlib.import_module("redis")
    except ImportError as error:
        raise ConfigurationError("OSTIARY_LIMITS_URL needs the Redis client: pip install 'ostiary[redis]'") from error
