"""POST /oauth/token: RFC 6749 §4.4, client credentials; what programs of people ask goes on to login_grants.py."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple, Self

from ostiary import clock
from ostiary.applications.outcomes import ISSUED
from ostiary.applications.usage import Usage
from ostiary.db.fast_reads import Lookup, LookupNow, Row
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
from ostiary.web.immediate import Answer, Given, Head, Request

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


class Asked(NamedTuple):
    """A request that can be understood; whether it is granted is another question."""

    client_id: str
    secret: str
    scope: str | None
    address: str


class Recognized(NamedTuple):
    """A request whose secret is right, of a key that counts at this moment."""

    asked: Asked
    standing: Standing
    now_seconds: float


@dataclass(frozen=True)
class TokenEndpoint:
    """Two ways in, one answer: as an ASGI application, and at once where the look-up needs no waiting."""

    lookup: Lookup
    client: ClientCheck
    keys: SigningKeys
    tokens: AccessTokens
    token_seconds: TokenSeconds
    usage: Usage
    limiting: Limiting
    login_grants: LoginGrants

    @property
    def now(self) -> Callable[[Sequence[Request]], list[Given]] | None:
        """Where nothing has to be waited for, neither the database nor Redis."""
        now = self.lookup.now if self.limiting.counting.never_waits else None
        return partial(self.at_once, now) if now else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await exchange(scope, receive, send, self._answered, self._refused)

    async def _answered(self, head: Head, body: bytes) -> Answer:
        asked = self._asked(Request(head, body))
        recognized = self._recognized(asked, await self.lookup(asked.client_id, self.keys.current_kid))
        too_many = await self.limiting.of_token(recognized.standing.application_guid, asked.address)
        if too_many is not None:
            raise too_many
        return self._issued([self._granted(recognized)])[0]

    async def _refused(self, error: Exception) -> Answer:
        found = self._otherwise(await self.limiting.judged_soon(error))
        return found if isinstance(found, Answer) else await found

    def at_once(self, now: LookupNow, requests: Sequence[Request]) -> list[Given]:
        """The same for all requests of a turn, one step after the other."""
        kid = self.keys.current_kid
        asked = _each(self._asked, requests)
        rows = _together(lambda them: now([one.client_id for one in them], kid), asked)
        recognized = _each(self._recognized, asked, rows)
        granted = _each(self._granted, _together(self._admitted, recognized))
        answers = _together(self._issued, granted)
        judged = [self.limiting.judged(each) if isinstance(each, Exception) else each for each in answers]
        return [self._otherwise(each) if isinstance(each, Exception) else each for each in judged]

    def _otherwise(self, error: Exception) -> Given:
        if isinstance(error, LoginGrantAsked):
            return self.login_grants(error)
        if isinstance(error, OAuthError):
            self.usage.count(error.application_guid, error.outcome)
        return refusal(error)

    def _asked(self, request: Request) -> Asked:
        sender = self.client.sender(request.head)
        sent = token_request.parameters(sender.media_type, request.body)
        if "grant_type" not in sent:
            raise InvalidRequest("Send grant_type=client_credentials")
        if sent["grant_type"] != "client_credentials":
            if sent["grant_type"] in login_grants.TYPES:
                raise LoginGrantAsked(sender, sent)
            raise UnsupportedGrantType(f"The grant types here are {GRANT_TYPES}")
        client_id, secret = self.client.pair(sender, sent)
        return Asked(client_id, secret, sent.get("scope"), sender.address)

    def _recognized(self, asked: Asked, rows: Sequence[Row]) -> Recognized:
        """Raises InvalidClient."""
        now = clock.seconds()
        return Recognized(asked, self.client.standing(asked.secret, asked.address, rows, now), now)

    def _admitted(self, recognized: Sequence[Recognized]) -> list[Recognized | TooManyRequests]:
        refused = self.limiting.of_tokens([(one.standing.application_guid, one.asked.address) for one in recognized])
        return [too_many or one for one, too_many in zip(recognized, refused, strict=True)]

    def _granted(self, recognized: Recognized) -> Granted:
        """What the token will say; raises InvalidScope."""
        asked, standing, now = recognized
        if standing.observed_since is not None:
            self.usage.saw(standing.application_guid, asked.address)
        try:
            scope = grant(standing.kind, asked.scope)
        except InvalidScope as error:
            # The caller is known by now, so its key's page can say what went wrong.
            error.application_guid = standing.application_guid
            self.usage.known(standing.application_guid, asked.address)
            raise
        iat = int(now)
        exp = min(iat + self.token_seconds.of(standing.bank_type), int(stored_seconds(standing.expires_at)))
        return Granted(asked.client_id, standing, scope, iat, exp, asked.address)

    def _issued(self, granted: Sequence[Granted]) -> list[Answer]:
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


def _together(step: Callable[[Sequence[Any]], Sequence[Any]], column: Sequence[Any]) -> list[Any]:
    """What a step makes of all requests in one go; errors keep their places, and the step's own is everybody's."""
    wanted = [one for one in column if not isinstance(one, Exception)]
    found: Iterator[Any]
    try:
        found = iter(step(wanted) if wanted else ())
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
        except Exception as error:  # noqa: BLE001 - nobody further out could answer
            results.append(error)
    return results
