"""What every command shares: settings, the operator at the local database, refusals in plain words."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.errors import OstiaryError, in_plain_words
from ostiary.house import House
from ostiary.settings import Settings, load

REFUSED = 1
MISUSED = 2

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

OPERATOR = Actor.operator()


def fail(message: str) -> NoReturn:
    """End with a sentence on standard error and exit code 1."""
    typer.echo(message, err=True)
    raise typer.Exit(REFUSED)


def misused(message: str) -> NoReturn:
    """End with a sentence on standard error and exit code 2: the command itself was wrong."""
    typer.echo(message, err=True)
    raise typer.Exit(MISUSED)


@contextlib.contextmanager
def plain_refusals() -> Iterator[None]:
    """Turn what Ostiary raises on purpose into a sentence."""
    try:
        yield
    except OstiaryError as error:
        fail(in_plain_words(error))


def settings() -> Settings:
    with plain_refusals():
        return load()


@contextlib.contextmanager
def unprepared() -> Iterator[House]:
    """The local installation, as it is."""
    with plain_refusals():
        opened = House(load())
        try:
            yield opened
        finally:
            opened.store.close()


@contextlib.contextmanager
def house() -> Iterator[House]:
    """The local installation, brought up to date."""
    with unprepared() as opened:
        opened.prepare()
        yield opened


@contextlib.contextmanager
def writing() -> Iterator[tuple[House, Session]]:
    with house() as opened, opened.store.writing() as db:
        yield opened, db


@contextlib.contextmanager
def reading() -> Iterator[Session]:
    with house() as opened, opened.store.reading() as db:
        yield db


def confirm(consequence: str, *, yes: bool) -> None:
    """Ask before something stops working; without a terminal to ask on, `--yes` has to say it."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(f"{consequence}\nNothing was changed. Repeat with --yes to do it.")
    if not typer.confirm(f"{consequence} Go on?"):
        fail("Nothing was changed.")
