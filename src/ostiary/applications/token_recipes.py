"""The token request ready to paste: with the client id in it, and the secret read from the environment."""

import json
import shlex
from dataclasses import dataclass

# The variable that `ostiary token` reads too.
SECRET = "OSTIARY_CLIENT_SECRET"  # noqa: S105 - the name of a variable

# Neither on the screen nor in the shell's history.
ASK_FOR_SECRET = f"stty -echo; printf 'Client Secret: '; read -r {SECRET}; stty echo; export {SECRET}"


@dataclass(frozen=True)
class Recipe:
    name: str
    text: str


def recipes(issuer: str, client_id: str) -> list[Recipe]:
    url = f"{issuer}/oauth/token"
    return [
        Recipe("curl", _curl(url, client_id)),
        Recipe("HTTPie", _httpie(url, client_id)),
        Recipe("Python", _python(url, client_id)),
    ]


# RFC 6749 §2.3.1 has both halves form-encoded; ours are letters, digits and `_`, which stay as they are.


def _curl(url: str, client_id: str) -> str:
    return f"""\
curl --silent --show-error \\
  --user "{client_id}:${SECRET}" \\
  --data grant_type=client_credentials \\
  {shlex.quote(url)}"""


def _httpie(url: str, client_id: str) -> str:
    return f"""\
http --form --auth "{client_id}:${SECRET}" \\
  POST {shlex.quote(url)} \\
  grant_type=client_credentials"""


def _python(url: str, client_id: str) -> str:
    return f"""\
import os
import requests

answer = requests.post(
    {json.dumps(url)},
    auth=("{client_id}", os.environ["{SECRET}"]),
    data={{"grant_type": "client_credentials"}},
    timeout=10,
)
answer.raise_for_status()
print(answer.json()["access_token"])"""
