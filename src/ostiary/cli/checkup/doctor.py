"""`ostiary doctor`: what an operator wants to know before trouble comes. It changes nothing."""

import platform
from collections.abc import Iterator

import cryptography
import typer

from ostiary import __version__
from ostiary.cli import show
from ostiary.cli.checkup import address, database, files, keys
from ostiary.cli.checkup.finding import Finding, fine, wrong
from ostiary.cli.session import REFUSED, JsonFlag, unprepared
from ostiary.house import House
from ostiary.limits.redis_windows import Away, RedisWindows


def doctor(json: JsonFlag = False) -> None:
    """Check database, files, clock, keys, and the way through proxies; exit code 1 when something needs a hand."""
    with unprepared() as opened:
        found = list(_everything(opened))
    if json:
        show.as_json({"findings": [vars(one) for one in found], "is_fine": all(one.is_fine for one in found)})
    else:
        for one in found:
            typer.echo(show.clean(f"{'ok  ' if one.is_fine else 'LOOK'} {one.name}: {one.message}"))
            if one.what_to_do:
                typer.echo(show.clean(f"     {one.what_to_do}"))
    if not all(one.is_fine for one in found):
        raise typer.Exit(REFUSED)


def _everything(house: House) -> Iterator[Finding]:
    shown = f"Ostiary {__version__}, Python {platform.python_version()}, cryptography {cryptography.__version__}"
    yield fine("versions", shown)
    schema = database.schema(house.store)
    yield schema
    yield from files.findings(house)
    yield _limits(house)
    kids: frozenset[str] = frozenset()
    if schema.is_fine:
        yield from database.durability(house.store)
        yield database.clock(house.store)
        signing, kids = keys.signing(house)
        yield signing
        yield keys.expiring(house.store)
    yield from address.findings(house.settings, kids)


def _limits(house: House) -> Finding:
    url = house.settings.shared_limits_url
    if not url:
        return fine("limits", "counted in memory, by each process for itself")
    windows = RedisWindows(url, {}, house.limit_name_key)
    try:
        windows.probe()
    except Away as error:
        said = f"Redis cannot count, so each process does for itself: {error}"
        return wrong("limits", said, "Start Redis, or correct OSTIARY_LIMITS_URL.")
    finally:
        windows.close()
    return fine("limits", "counted in Redis, by all processes together")
