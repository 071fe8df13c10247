"""Where the token comes from that a command shows to a server."""

import os
import re
from dataclasses import dataclass, field
from typing import Protocol

from ostiary.cli.remote.refusals import Refused

TOKEN = "OSTIARY_TOKEN"  # noqa: S105 - the name of a variable
# RFC 6750 §2.1, b64token: nothing else can stand in the header.
B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*\Z")
SECRET_PREFIX = "ost_"  # noqa: S105 - what every secret begins with


class TokenSource(Protocol):
    """Gives the access token for one server."""

    @property
    def name(self) -> str:
        """For people, should the token be refused."""

    def token(self) -> str: ...

    def renew(self) -> str | None:
        """Another one in place of one that has expired; None where there is no other."""


@dataclass(frozen=True)
class EnvironmentToken:
    """What somebody put into OSTIARY_TOKEN: it lasts as long as it lasts."""

    value: str = field(repr=False)
    name: str = TOKEN

    def token(self) -> str:
        return self.value

    def renew(self) -> None:
        return None


def is_given() -> bool:
    return bool(os.environ.get(TOKEN, "").strip())


def of_environment() -> EnvironmentToken:
    """Raises Refused, without ever repeating what the variable holds."""
    given = os.environ.get(TOKEN, "").strip()
    if given.startswith(SECRET_PREFIX):
        raise Refused(f"{TOKEN} holds a client secret; a token is what `ostiary token` makes of it")
    if not B64TOKEN.match(given):
        raise Refused(f"{TOKEN} does not hold a token: it has characters that no token has")
    return EnvironmentToken(given)
