"""`ostiary token`: get a token the way a program does."""

import os
from typing import Annotated

import httpx2
import typer

from ostiary.cli import server_address, show
from ostiary.cli.login_client import NO_WAY
from ostiary.cli.session import JsonFlag, fail

CLIENT_ID = "OSTIARY_CLIENT_ID"
CLIENT_SECRET = "OSTIARY_CLIENT_SECRET"  # noqa: S105 - the name of a variable
WAIT_SECONDS = 10


def token(
    scope: Annotated[
        str | None, typer.Option(help="Names with blanks between; left out: all the key may hold.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="Where to ask; left out: the configured public URL.")] = None,
    json: JsonFlag = False,
) -> None:
    """Get a token with a pair from OSTIARY_CLIENT_ID and OSTIARY_CLIENT_SECRET, or asked for."""
    # Before somebody types a secret.
    url = f"{server_address.chosen(server)}/oauth/token"
    client_id = os.environ.get(CLIENT_ID) or typer.prompt("Client ID", err=True)
    secret = os.environ.get(CLIENT_SECRET) or typer.prompt("Client Secret", hide_input=True, err=True)
    request = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    if scope is not None:
        request["scope"] = scope
    try:
        response = httpx2.post(url, json=request, timeout=WAIT_SECONDS)
        answer = response.json()
    except NO_WAY as error:
        fail(f"No answer from {url}: {error}")
    except (ValueError, RecursionError):
        answer = None
    is_granted = response.status_code == httpx2.codes.OK
    if not isinstance(answer, dict) or ("access_token" if is_granted else "error") not in answer:
        fail(server_address.unlike_an_ostiary(url))
    if not is_granted:
        fail(show.clean(f"{answer['error']}: {answer.get('error_description')}"))
    if json:
        show.as_json(answer)
    else:
        typer.echo(show.clean(answer["access_token"]))
