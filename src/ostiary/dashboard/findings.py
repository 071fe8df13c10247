"""What the Token doctor finds, and what it looks at in every token, whoever's it is."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ostiary import clock
from ostiary.applications.models import Application
from ostiary.oauth.access_tokens import Claims
from ostiary.oauth.bearer import AHEAD_SECONDS
from ostiary.oauth.explanations import BY_MESSAGE, Explanation
from ostiary.users.models import Membership

# An address of a server, and nothing that could be anything else.
ISSUER = re.compile(r"https?://[A-Za-z0-9.:\[\]/_-]{1,200}\Z")
LAST_SECOND = 253_402_300_799
OLD_SIGNATURE = "It was signed with a key that counts no longer"


@dataclass(frozen=True)
class TokenFacts:
    """What a token of one's own organization says."""

    made_at: dt.datetime
    expires_at: dt.datetime
    bank_guid: str | None
    bank_name: str
    scopes: Sequence[str]
    # Of a customer's token, and whether the customer is still there.
    customer_guid: str = ""
    has_customer: bool = False


@dataclass(frozen=True)
class Diagnosis:
    title: str
    # As of alerts: good, warning or bad.
    tone: str
    what_to_do: str
    # Whatever else is worth knowing, a sentence each.
    more: Sequence[str] = ()
    key: Application | None = None
    token: TokenFacts | None = None
    # The request that helps, where one does.
    request: str = ""
    # Whose login, of a person's token.
    person: Membership | None = None


def claim_troubles(claims: Claims, issuer: str, now_seconds: float, anew: str) -> Iterator[Explanation]:
    """What the bearer check refuses before it asks the database; `anew` says how to get another token."""
    if claims.exp <= now_seconds:
        yield Explanation(f"The token expired {clock.in_words(now_seconds - claims.exp)} ago", anew)
    for claim, message in ((claims.aud, "Invalid audience"), (claims.iss, "Invalid issuer")):
        if claim != issuer:
            said = f"It says {claim}, this server is {issuer}. " if ISSUER.match(claim) else ""
            yield Explanation(BY_MESSAGE[message].meaning, f"{said}Has the public URL changed? {anew}")
    ahead = max(claims.iat, claims.nbf) - now_seconds
    if ahead > AHEAD_SECONDS:
        advice = f"It says it was made {clock.in_words(ahead)} from now: the server that made it is ahead of this one."
        yield Explanation("Two clocks differ", advice)


def moment_of(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(min(max(seconds, 0), LAST_SECOND), clock.UTC)
