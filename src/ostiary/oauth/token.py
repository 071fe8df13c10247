"""POST /oauth/token: RFC 6749 §4.4, client credentials; what programs of people ask goes on to login_grants.py."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any, Self

import msgspec

from ostiary import clock
from ostiary.applications.outcomes import ISSUED
from ostiary.applications.usage import Usage
from ostiary.db.fast_reads import Lookup, Row
from ostiary.db.model import stored_seconds
from ostiary.oauth import login_grants, token_request
from ostiary.oauth.access_tokens import AccessTokens, Granted
from ostiary.oauth.answers import HEADERS, refusal
from ostiary.oauth.client_check import ClientCheck
from ostiary.oauth.errors import InvalidRequest, InvalidScope, OAuthError, TooManyRequests, UnsupportedGrantType
from ostiary.oauth.exchange import exchange
from ostiary.oauth.grants import grant
from ostiary.oauth.limiting import Limiting
from ostiary.oauth.login_grants import LoginGrantAsked, LoginGrants
from ostiary.oauth.queries import Standing
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.settings import Settings
from ostiary.web.asgi import Receive, Scope, Send
from ostiary.web.together import Answer, Given, Head, Request

PATH = "/oauth/token"
GRANT_TYPES = ", ".join(["client_credentials", *sorted(login_grants.TYPES)])
BODY = b'{"access_token":"%b","token_type":"Bearer","expires_in":%d,"scope":"%b","created_at":%d}'


@dataclass(frozen=True)
class TokenSeconds:
    """How long a token lives, by what it is for."""

    sandbox: int
    production: int
    organization: int

    @classmethod
    def chosen(cls, settings: Settings) -> Self:
        return cls(
            settings.token_seconds_sandbox, settings.token_seconds_production, settings.token_seconds_organization
        )

    def of(self, bank_type: str | None) -> int:
        if bank_type is None:
            return self.organization
        return self.sandbox if bank_type == "sandbox" else self.production


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A request that can be understood; whether it is granted is another question."""

    client_id: str
    secret: str
    scope: str | None
    address: str


class Recognized(msgspec.Struct, frozen=True, gc=False):
    """A request whose secret is right, of a key that counts at this moment."""

    asked: Asked
    standing: Standing
    now_seconds: float


@dataclass(frozen=True)
class TokenEndpoint:
    """Two ways in, one answer: as an ASGI application, and for many requests together."""

    lookup: Lookup
    client: ClientCheck
    keys: SigningKeys
    tokens: AccessTokens
    token_seconds: TokenSeconds
    usage: Usage
    limiting: Limiting
    login_grants: LoginGrants

    @property
    def waits(self) -> bool:
        """Whether the database or Redis is further away than a call in this process."""
        return self.lookup.waits or self.limiting.counting.is_shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await exchange(scope, receive, send, self._answered, self._refused)

    async def _answered(self, head: Head, body: bytes) -> Answer:
        [found] = await self.answers([Request(head, body)])
        return found if isinstance(found, Answer) else await found

    async def _refused(self, error: Exception) -> Answer:
        return self._refusal(error)

    async def answers(self, requests: Sequence[Request]) -> list[Given]:
        """For all of them together, one step after the other."""
        asked = _each(self._asked, requests)
        rows = await _together(self._looked_up, asked)
        # One look at the clock for all: what they are told was read at one moment as well.
        recognized = _each(partial(self._recognized, clock.seconds()), asked, rows)
        granted = _each(self._granted, await _together(self._admitted, recognized))
        answers = await _together(self._issued, granted)
        judged = iter(await self.limiting.judged([each for each in answers if isinstance(each, Exception)]))
        return [self._otherwise(next(judged)) if isinstance(each, Exception) else each for each in answers]

    def _otherwise(self, error: Exception) -> Given:
        return self.login_grants(error) if isinstance(error, LoginGrantAsked) else self._refusal(error)

    def _refusal(self, error: Exception) -> Answer:
        if isinstance(error, OAuthError):
            self.usage.count(error.application_guid, error.outcome)
        return refusal(error)

    def _asked(self, request: Request) -> Asked:
        sender = self.client.sender(request.head)
        usual = None if sender.authorization else token_request.usual(sender.media_type, request.body)
        if usual is not None:
            self.client.must_be_well_formed(usual.client_id, usual.client_secret, sender.address)
            return Asked(usual.client_id, usual.client_secret, usual.scope, sender.address)
        sent = token_request.parameters(sender.media_type, request.body)
        if "grant_type" not in sent:
            raise InvalidRequest("Send grant_type=client_credentials")
        if sent["grant_type"] != "client_credentials":
            if sent["grant_type"] in login_grants.TYPES:
                raise LoginGrantAsked(sender, sent)
            raise UnsupportedGrantType(f"The grant types here are {GRANT_TYPES}")
        client_id, secret = self.client.pair(sender, sent)
        return Asked(client_id, secret, sent.get("scope"), sender.address)

    async def _looked_up(self, asked: Sequence[Asked]) -> list[list[Row]]:
        return await self.lookup.each([one.client_id for one in asked], self.keys.current_kid)

    def _recognized(self, now: float, asked: Asked, rows: Sequence[Row]) -> Recognized:
        """Raises InvalidClient."""
        return Recognized(asked, self.client.standing(asked.secret, asked.address, rows, now), now)

    async def _admitted(self, recognized: Sequence[Recognized]) -> list[Recognized | TooManyRequests]:
        asking = [(one.standing.application_guid, one.asked.address) for one in recognized]
        refused = await self.limiting.of_tokens(asking)
        return [too_many or one for one, too_many in zip(recognized, refused, strict=True)]

    def _granted(self, recognized: Recognized) -> Granted:
        """What the token will say; raises InvalidScope."""
        asked, standing = recognized.asked, recognized.standing
        if standing.observed_since is not None:
            self.usage.saw(standing.application_guid, asked.address)
        try:
            scope = grant(standing.kind, asked.scope)
        except InvalidScope as error:
            # The caller is known by now, so its key's page can say what went wrong.
            error.application_guid = standing.application_guid
            self.usage.known(standing.application_guid, asked.address)
            raise
        iat = int(recognized.now_seconds)
        exp = min(iat + self.token_seconds.of(standing.bank_type), int(stored_seconds(standing.expires_at)))
        return Granted(asked.client_id, standing, scope, iat, exp, asked.address)

    async def _issued(self, granted: Sequence[Granted]) -> list[Answer]:
        if None in [one.standing.kid for one in granted]:
            # Another process has retired the key this one signs with.
            self.keys.refresh()
        tokens = self.tokens.signed(granted)
        self.usage.used(ISSUED, [(one.standing.application_guid, one.address) for one in granted])
        # Base64url, scope names and numbers: nothing here needs escaping.
        return [
            Answer(200, BODY % (token, one.exp - one.iat, one.scope.encode(), one.iat), HEADERS)
            for one, token in zip(granted, tokens, strict=True)
        ]


async def _together(step: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]], column: Sequence[Any]) -> list[Any]:
    """What a step makes of all requests in one go; errors keep their places, and the step's own is everybody's."""
    wanted = [one for one in column if not isinstance(one, Exception)]
    found: Iterator[Any]
    try:
        found = iter(await step(wanted) if wanted else ())
    except Exception as error:  # noqa: BLE001 - as in `_each`
        found = repeat(error)
    return [one if isinstance(one, Exception) else next(found) for one in column]


def _each(step: Callable[..., Any], *columns: Sequence[Any]) -> list[Any]:
    """What a step makes of each request; an error takes the place of a result, and passes the steps that follow."""
    results = []
    for values in zip(*columns, strict=True):
        if isinstance(values[-1], Exception):
            results.append(values[-1])
            continue
        try:
            results.append(step(*values))
        except OAuthError as error:
            # Its frames hold this list, and so the requests of everybody in it.
            results.append(error.with_traceback(None))
        except Exception as error:  # noqa: BLE001 - nobody further out could answer
            results.append(error)
    return results
