"""Two ways for each command: on the local database, or through the API of a server."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

import typer

from ostiary.cli.login_client import LoginClient
from ostiary.cli.login_profile import PROFILE, USUAL_NAME, NotSignedIn, ProfileFile
from ostiary.cli.remote import tokens
from ostiary.cli.remote.api import Api
from ostiary.cli.remote.login import LoginToken
from ostiary.cli.remote.refusals import Refused
from ostiary.cli.remote.tokens import TokenSource
from ostiary.cli.server_address import checked
from ostiary.cli.session import plain_refusals

W = TypeVar("W")
P = ParamSpec("P")

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        help="Work through the API of this server, with the token in OSTIARY_TOKEN or the login there; "
        "left out: on the local database.",
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        envvar=PROFILE,
        metavar="NAME",
        help="Work through the API of the server where somebody signed in with: ostiary login --profile NAME",
    ),
]
# What every command takes that chooses its way.
OPTIONS = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    for name, annotation in (("server", ServerOption), ("profile", ProfileOption))
)


class Server(NamedTuple):
    """Its address, and where the token for it comes from."""

    url: str
    source: TokenSource


@dataclass(frozen=True)
class Ways(Generic[W]):
    """Both ways to do what a group of commands asks for."""

    here: Callable[[], W]
    there: Callable[[Api], W]


def anywhere(ways: Ways[W]) -> Callable[[Callable[Concatenate[W, P], None]], Callable[..., None]]:
    """Gives a command the options that choose its way, and hands it whoever works there as its first argument."""

    def placed(command: Callable[Concatenate[W, P], None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:  # noqa: ANN401 - whatever the command takes
            chosen = {option.name: arguments.pop(option.name) for option in OPTIONS}
            with plain_refusals(), _worker(ways, _chosen(**chosen)) as worker:
                command(worker, **arguments)  # type: ignore[call-arg]  # typer fills in what the signature names

        first, *asked = inspect.signature(command).parameters.values()
        asked = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in asked]
        run.__signature__ = inspect.Signature([*asked, *OPTIONS])  # type: ignore[attr-defined]
        kept = {name: hint for name, hint in command.__annotations__.items() if name != first.name}
        run.__annotations__ = kept | {option.name: option.annotation for option in OPTIONS}
        return run

    return placed


@contextlib.contextmanager
def _worker(ways: Ways[W], server: Server | None) -> Iterator[W]:
    if server is None:
        yield ways.here()
        return
    with Api(server.url, server.source) as api:
        yield ways.there(api)


def _chosen(server: str | None, profile: str | None) -> Server | None:
    """None for the local database. Raises OstiaryError without a token, typer.Exit for what cannot be an address."""
    # An empty OSTIARY_PROFILE is as good as none.
    if server is None and not profile:
        return None
    url = None if server is None else checked(server)
    if url is not None and not profile and tokens.is_given():
        return Server(url, tokens.of_environment())
    file = ProfileFile.named(profile or USUAL_NAME)
    try:
        known = file.get()
    except NotSignedIn as error:
        if url is None:
            raise
        raise Refused(
            f"A server wants a token: sign in with `{file.way_in(url)}`, or put one into {tokens.TOKEN}"
        ) from error
    if url is not None and url != known.server:
        raise Refused(f"The login {file.name} is one at {known.server}; sign in with: {file.way_in(url)}")
    return Server(checked(known.server), LoginToken(LoginClient(file)))
