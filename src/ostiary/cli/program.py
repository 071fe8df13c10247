"""`ostiary`: the program and its commands."""

import io
import os
import sys
from typing import Annotated

import typer

from ostiary import __version__
from ostiary.cli import (
    banks,
    customers,
    first_key,
    inspection,
    keys,
    logins,
    organizations,
    recovery,
    serving,
    signing_keys,
    tokens,
    users,
)
from ostiary.cli.checkup import doctor
from ostiary.cli.session import REFUSED, JsonFlag, house, plain_refusals
from ostiary.cli.show import facts
from ostiary.settings import MOST_WORKERS
from ostiary.web import log

program = typer.Typer(
    name="ostiary",
    help="The doorkeeper: key pairs in, short-lived tokens out, one bank per token.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
program.command("init")(first_key.init)
program.add_typer(organizations.commands, name="organizations")
program.add_typer(banks.commands, name="banks")
program.add_typer(keys.commands, name="keys")
program.add_typer(users.commands, name="users")
program.add_typer(customers.commands, name="customers")
program.add_typer(signing_keys.commands, name="signing-keys")
program.command("token")(tokens.token)
program.command("login")(logins.login)
program.command("logout")(logins.logout)
program.command("whoami")(logins.whoami)
program.command("inspect")(inspection.inspect)
program.command("doctor")(doctor.doctor)
program.command("backup")(recovery.backup)
program.command("restore")(recovery.restore)
program.command("move")(recovery.move)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ostiary {__version__}")
        raise typer.Exit


@program.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    pass


@program.command()
def serve(
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_WORKERS, metavar="COUNT", help="Processes behind one door, one for a core."),
    ] = None,
) -> None:
    """Serve tokens and the API until stopped. Settings come from OSTIARY_… variables (docs/configuration.md)."""
    if workers is not None:
        # Processes that are started from here read it as well.
        os.environ["OSTIARY_WORKERS"] = str(workers)
    with plain_refusals():
        is_served = serving.serve()
    if not is_served:
        raise typer.Exit(REFUSED)


@program.command()
def migrate(json: JsonFlag = False) -> None:
    """Bring the database to this release's schema. `serve` does the same when it starts."""
    with house() as opened:
        shown = {"database": "sqlite" if opened.store.is_sqlite else "postgresql", "status": "up to date"}
    facts(shown, json_wanted=json)


def main() -> None:
    # Standard output belongs to what a command answers.
    log.configure()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal cannot write must not swallow the secret that stands below it.
        sys.stdout.reconfigure(errors="replace")
    program()
