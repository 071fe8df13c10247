"""`ostiary signing-keys`: the keys that sign access tokens, on the server's own database."""

import datetime as dt
from typing import Annotated

import typer

from ostiary import clock
from ostiary.cli import show
from ostiary.cli.session import JsonFlag, YesFlag, house, plain_refusals
from ostiary.cli.show import Facts
from ostiary.oauth import key_rotation, queries
from ostiary.oauth.models import SigningKey

commands = typer.Typer(help="List, add and retire the keys that sign tokens.", no_args_is_help=True)

Kid = Annotated[str, typer.Argument(help="Its kid, as the list shows it.")]


@commands.command("list")
def list_signing_keys(json: JsonFlag = False) -> None:
    """Every key that counts, the oldest first: what it does, and since when."""
    with house() as opened, opened.store.reading() as db:
        keys = queries.by_age(db)
    now = clock.now()
    current = key_rotation.signing(keys, now)
    found = [_shown(key, current, now) for key in keys]
    show.rows(found, ["kid", "status", "created_at", "signs_from"], "", json_wanted=json)


@commands.command("rotate")
def rotate(json: JsonFlag = False) -> None:
    """Add a key. It is published at once, signs in six minutes, and refuses no token."""
    with house() as opened:
        made = key_rotation.rotate(opened.store, opened.signing_key_seal)
    facts = {"kid": made.kid, "signs_from": clock.on_the_wire(made.created_at + key_rotation.PUBLISHED_AHEAD)}
    show.facts(facts, json_wanted=json)


@commands.command("retire")
def retire(kid: Kid, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Refuse every token that this key has signed, at once and everywhere: for a key that somebody else may have."""
    if not yes:
        question = "Every token it has signed is refused at once; programs make new ones with the same pair. Retire it?"
        typer.confirm(question, abort=True, err=True)
    with plain_refusals(), house() as opened:
        retired = key_rotation.retire(opened.store, opened.signing_key_seal, kid)
    show.facts({"kid": kid, "status": "retired", "retired_at": _moment(retired.retired_at)}, json_wanted=json)


def _shown(key: SigningKey, current: SigningKey, now: dt.datetime) -> Facts:
    signs_from = key.created_at + key_rotation.PUBLISHED_AHEAD
    status = "signs" if key is current else "waits" if signs_from > now else "verifies"
    if key is current and signs_from > now:
        # The only one there is waits for nobody.
        signs_from = key.created_at
    return {
        "kid": key.kid,
        "status": status,
        "created_at": clock.on_the_wire(key.created_at),
        "signs_from": clock.on_the_wire(signs_from),
    }


def _moment(moment: dt.datetime | None) -> str | None:
    return clock.on_the_wire(moment) if moment else None
