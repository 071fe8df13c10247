"""POST of a token by somebody with a key pair: how RFC 7009 and RFC 7662 ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from ostiary import clock
from ostiary.applications.usage import Usage
from ostiary.db.fast_reads import Lookup
from ostiary.oauth import token_request
from ostiary.oauth.answers import refusal
from ostiary.oauth.client_check import ClientCheck
from ostiary.oauth.errors import InvalidRequest, OAuthError
from ostiary.oauth.limiting import Limiting
from ostiary.oauth.queries import LoginStanding, Standing
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.web.asgi import BodyTooLarge, Disconnected, Receive, Scope, Send, answer, read_body
from ostiary.web.immediate import Answer, Head

# Without token_type_hint: there is one type of token here, and a wrong hint must not hide it (RFC 7009 §2.1).
PARAMETERS = frozenset({"token", "client_id", "client_secret", "client_assertion"})


class Caller(NamedTuple):
    """A key that authenticated, and the address it was used from."""

    client_id: str
    standing: Standing
    address: str

    def may_see(self, other: Standing | LoginStanding) -> bool:
        """What is of its own bank, or all that is of its organization."""
        mine = self.standing
        return mine.organization_guid == other.organization_guid and mine.bank_guid in {None, other.bank_guid}


@dataclass(frozen=True)
class ClientEndpoint:
    """An ASGI application. `act` is told who asks and the token, and raises OAuthError or StoreUnavailable."""

    lookup: Lookup
    client: ClientCheck
    keys: SigningKeys
    usage: Usage
    limiting: Limiting
    act: Callable[[Caller, str], Awaitable[Answer]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            token_request.check_line(scope["method"], scope["query_string"])
            body = await read_body(receive, token_request.LIMIT_BYTES)
            found = await self._found(Head(scope["headers"], (scope["client"] or ("",))[0]), body)
        except Disconnected:
            return
        except BodyTooLarge:
            found = refusal(token_request.too_large())
        except Exception as raised:  # noqa: BLE001 - in the shape of these endpoints, whatever it was
            error = await self.limiting.judged_soon(raised)
            if isinstance(error, OAuthError):
                self.usage.count(error.application_guid, error.outcome)
            found = refusal(error)
        await answer(send, *found)

    async def _found(self, head: Head, body: bytes) -> Answer:
        sender = self.client.sender(head)
        sent = token_request.parameters(sender.media_type, body, PARAMETERS)
        client_id, secret = self.client.pair(sender, sent)
        rows = await self.lookup(client_id, self.keys.current_kid)
        standing = self.client.standing(secret, sender.address, rows, clock.seconds())
        if standing.observed_since is not None:
            self.usage.saw(standing.application_guid, sender.address)
        if "token" not in sent:
            raise InvalidRequest("Send the token")
        if sent["token"].split() != [sent["token"]]:
            # As a file has it, with a line break: to call that unknown would let the caller believe that it is dead.
            raise InvalidRequest("Send the token without blanks and line breaks")
        return await self.act(Caller(client_id, standing, sender.address), sent["token"])
