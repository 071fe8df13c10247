"""`ostiary`: the program and its commands."""

import contextlib
import gc
import io
import resource
import socket
import sys
from typing import Annotated

import typer
import uvicorn

from ostiary import __version__
from ostiary.app import House, Ostiary
from ostiary.cli import banks, diagnosis, first_key, inspection, keys, organizations, tokens, users
from ostiary.cli.session import REFUSED, JsonFlag, fail, house, plain_refusals, settings
from ostiary.cli.show import facts
from ostiary.settings import Settings
from ostiary.users import set_up
from ostiary.web import log
from ostiary.web.immediate import ImmediateProtocol

DRAIN_SECONDS = 10
MOST_OPEN_FILES = 16_384
SWITCH_SECONDS = 0.0005

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
program.command("token")(tokens.token)
program.command("inspect")(inspection.inspect)
program.command("doctor")(diagnosis.doctor)


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
def serve() -> None:
    """Serve tokens and the API until stopped. Settings come from OSTIARY_… variables (docs/configuration.md)."""
    chosen = settings()
    log.configure(chosen.log_level, chosen.log_format)
    with plain_refusals():
        opened = House(chosen)
        opened.prepare()
        app = Ostiary(opened)
        set_up_link = opened.offer_set_up()
    _allow_many_connections()
    listening = _listening(chosen)
    typer.echo(
        f"Ostiary {__version__} serves {chosen.issuer} (reference: {chosen.issuer}/api/schema/swagger-ui)", err=True
    )
    if set_up_link is not None:
        _tell_set_up_link(set_up_link, chosen)
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
    server = uvicorn.Server(config)
    # A thread of the background gives the interpreter back this soon; five milliseconds are Python's own choice.
    sys.setswitchinterval(SWITCH_SECONDS)
    _keep_for_good()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise typer.Exit(REFUSED)


def _tell_set_up_link(link: str, chosen: Settings) -> None:
    """To a person at a terminal; anything else that reads standard error is a log, and learns only where to look."""
    shown = link if sys.stderr.isatty() else f"the link in {set_up.link_file(chosen)}"
    typer.echo(f"Nobody can sign in yet. Within a day, open {shown}", err=True)


def _keep_for_good() -> None:
    """What stands by now stays, and whoever waits for a token need not wait until all of it was looked through."""
    gc.collect()
    gc.freeze()


def _allow_many_connections() -> None:
    """As many as the system lets us ask for: each takes a file, 1,024 is usual, and a writer needs one as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MOST_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listening(chosen: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    try:
        return socket.create_server((chosen.host, chosen.port), family=family)
    except OSError as error:
        fail(f"OSTIARY_HOST and OSTIARY_PORT: cannot listen on {chosen.host}:{chosen.port}: {error.strerror}")


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
