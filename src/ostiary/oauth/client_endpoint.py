"""POST of a token by somebody with a key pair, or by a program without: how RFC 7009 and RFC 7662 ask."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ostiary import clock
from ostiary.applications.usage import Usage
from ostiary.db.fast_reads import Lookup
from ostiary.oauth import public_client, token_request
from ostiary.oauth.answers import refusal
from ostiary.oauth.client_check import ClientCheck
from ostiary.oauth.errors import InvalidRequest, OAuthError
from ostiary.oauth.exchange import exchange
from ostiary.oauth.limiting import Limiting
from ostiary.oauth.queries import LoginStanding, Standing
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.web.asgi import Receive, Scope, Send
from ostiary.web.together import Answer, Head

# Without token_type_hint: tokens tell by themselves what they are, and a wrong hint must not hide it (RFC 7009 §2.1).
PARAMETERS = frozenset({"token", "client_id", "client_secret", "client_assertion"})


class Caller(NamedTuple):
    """A key that authenticated, and the address it was used from."""

    client_id: str
    standing: Standing
    address: str

    def may_see(self, other: Standing | LoginStanding) -> bool:
        """What is of its own bank, or all that is of its organization."""
        mine = self.standing
        if isinstance(other, LoginStanding) and mine.bank_guid is not None:
            # What a person may do is a matter of the organization, whichever bank they do it in.
            return False
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
    # For a program in which somebody signed in and which has no pair: the address it asks from, and the token.
    act_for_program: Callable[[str, str], Awaitable[Answer]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await exchange(scope, receive, send, self._found, self._refused)

    async def _refused(self, raised: Exception) -> Answer:
        [error] = await self.limiting.judged([raised])
        if isinstance(error, OAuthError):
            self.usage.count(error.application_guid, error.outcome)
        return refusal(error)

    async def _found(self, head: Head, body: bytes) -> Answer:
        sender = self.client.sender(head)
        sent = token_request.parameters(sender.media_type, body, PARAMETERS)
        if self.act_for_program is not None and public_client.is_named(sender, sent):
            return await self.act_for_program(sender.address, _token(sent))
        client_id, secret = self.client.pair(sender, sent)
        rows = await self.lookup(client_id, self.keys.current_kid)
        standing = self.client.standing(secret, sender.address, rows, clock.seconds())
        self.usage.known(standing.application_guid, sender.address)
        if standing.observed_since is not None:
            self.usage.saw(standing.application_guid, sender.address)
        return await self.act(Caller(client_id, standing, sender.address), _token(sent))


def _token(sent: Mapping[str, str]) -> str:
    if "token" not in sent:
        raise InvalidRequest("Send the token")
    if sent["token"].split() != [sent["token"]]:
        # As a file has it, with a line break: to call that unknown would let the caller believe that it is dead.
        raise InvalidRequest("Send the token without blanks and line breaks")
    return sent["token"]
