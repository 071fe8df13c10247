"""What is wrong with the token of a person's login, and whose login that is."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.dashboard import queries
from ostiary.dashboard.findings import OLD_SIGNATURE, Diagnosis, TokenFacts, claim_troubles, moment_of
from ostiary.oauth import logins
from ostiary.oauth import queries as protocol
from ostiary.oauth.access_tokens import Claims
from ostiary.oauth.bearer import LOOKED_UP
from ostiary.oauth.explanations import BY_MESSAGE, NEW_USER_TOKEN, Explanation
from ostiary.oauth.queries import LoginStanding
from ostiary.oauth.standing import Refused

OVER = "Its login is over, so there is no new token from it: sign in again with `ostiary login`."
STILL = (
    "If it is refused all the same, look at the scope that the request needs, at the role of the person, and at the "
    "bank that the login is bound to, or paste the error body."
)


@dataclass(frozen=True)
class LoginDoctor:
    """Asks what the bearer check would ask of a login, for somebody of the same organization."""

    db: Session
    actor: Actor
    issuer: str
    now_seconds: float

    def diagnose(self, claims: Claims) -> Diagnosis | None:
        """None for a token of somebody who is not of this organization, whatever else is true of it."""
        is_readable = LOOKED_UP.match(claims.sub) and claims.sid and LOOKED_UP.match(claims.sid)
        person = queries.find_person(self.db, self.actor, claims.sub) if is_readable else None
        if person is None:
            return None
        standing = protocol.by_login_guid(self.db, claims.sid or "", claims.kid)
        if standing is not None and standing.organization_guid != self.actor.organization_guid:
            return None
        troubles = list(self._troubles(claims, standing))
        facts = self._facts(claims)
        if not troubles:
            left = clock.in_words(claims.exp - self.now_seconds)
            return Diagnosis(f"The token is good for another {left}", "good", STILL, token=facts, person=person)
        (meaning, what_to_do), *others = troubles
        more = [f"{other.meaning}. {other.what_to_do}" for other in others]
        return Diagnosis(meaning, "bad", what_to_do, more, token=facts, person=person)

    def _troubles(self, claims: Claims, standing: LoginStanding | None) -> Iterator[Explanation]:
        """In the order of the bearer check (DESIGN §6)."""
        reason = logins.refused(standing, self.now_seconds) if standing else Refused.LOGIN_ENDED
        yield from claim_troubles(claims, self.issuer, self.now_seconds, NEW_USER_TOKEN if reason is None else OVER)
        if standing is not None and standing.kid is None:
            yield Explanation(OLD_SIGNATURE, NEW_USER_TOKEN)
        if reason is not None:
            yield BY_MESSAGE[reason]
        if standing is not None and not logins.is_said_so(claims, standing):
            yield BY_MESSAGE["Token no longer matches its login"]

    def _facts(self, claims: Claims) -> TokenFacts:
        bank_guid = claims.bank_guid if claims.bank_guid and LOOKED_UP.match(claims.bank_guid) else None
        named = queries.names(self.db, self.actor, [bank_guid] if bank_guid else []).get(bank_guid or "")
        return TokenFacts(
            made_at=moment_of(claims.iat),
            expires_at=moment_of(claims.exp),
            bank_guid=bank_guid if named else None,
            bank_name=named.text if named else "",
            scopes=claims.scope.split(),
        )
