"""What is wrong with a token, a key or a refusal that somebody pasted, and whether the key itself is fine."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access import addresses
from ostiary.access.actor import Actor, Subject
from ostiary.applications.models import Application
from ostiary.applications.token_recipes import recipes
from ostiary.banks.models import BankType
from ostiary.crypto import strict
from ostiary.dashboard import queries
from ostiary.dashboard.findings import ISSUER, OLD_SIGNATURE, Diagnosis, TokenFacts, claim_troubles, moment_of
from ostiary.dashboard.login_diagnosis import LoginDoctor
from ostiary.oauth import explanations
from ostiary.oauth import queries as protocol
from ostiary.oauth.access_tokens import AccessTokens, Claims, NotAToken
from ostiary.oauth.bearer import AHEAD_SECONDS, LOOKED_UP
from ostiary.oauth.explanations import (
    BY_MESSAGE,
    COPY_AGAIN,
    OAUTH_CODES,
    Explanation,
    by_message,
    explain,
    new_token,
)
from ostiary.oauth.pasted import SIGNATURE_LETTERS, Pasted, Refusal
from ostiary.oauth.queries import Standing
from ostiary.oauth.rules import EXPIRED, RULES, TOKEN_REVOKED
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.oauth.standing import CUSTOMER_DELETED, Refused, bound, contradiction, refused

PARTS = 3
ANYBODY = "$OSTIARY_CLIENT_ID"
UNNAMED = " The key itself is fine."
REFUSED_AGAIN = "A new token would be refused as well, because of its key."
NOT_OURS = (
    "It was altered or cut off on its way, or it was made by another server or for another organization. Make a new "
    "one with your own key pair."
)
# Refusals that no new token changes.
LASTING_CODES = {"forbidden", "not_found", "invalid_subject", "no_customer"}


@dataclass(frozen=True)
class Doctor:
    """Asks what the bearer check would ask, in its order, for one member of an organization."""

    db: Session
    actor: Actor
    issuer: str
    keys: SigningKeys
    now: dt.datetime

    def diagnose(self, pasted: Pasted) -> Diagnosis | None:
        """None when nothing in it was recognized."""
        if pasted.has_secret:
            return self._of_secret(pasted.client_id)
        if pasted.has_login_secret:
            return Diagnosis(
                "This is a refresh token or a device code, not an access token",
                "warning",
                f"Nothing of it was kept. {explanations.IF_IT_OF_A_LOGIN_WAS_SEEN}",
            )
        if pasted.token:
            found = self._of_token(pasted.token)
            return self._with_the_rest(found, pasted)
        if pasted.refusal is not None:
            return self._of_refusal(pasted.refusal, pasted.client_id)
        return self._of_client_id(pasted.client_id) if pasted.client_id else None

    def _of_secret(self, client_id: str) -> Diagnosis:
        return Diagnosis(
            "This is a client secret, not a token",
            "warning",
            f"Nothing of it was kept. {explanations.IF_IT_WAS_SEEN}",
            key=queries.find_key(self.db, self.actor, client_id) if client_id else None,
        )

    def _of_client_id(self, client_id: str) -> Diagnosis:
        key = queries.find_key(self.db, self.actor, client_id)
        if key is None:
            return Diagnosis("This is not a key of your organization", "bad", "Compare it with the list of your keys.")
        standing = protocol.standing_of(self.db, self.actor, client_id)
        reason = refused(standing, self.now.timestamp()) if standing else Refused.REVOKED
        if reason is not None:
            meaning, what_to_do = BY_MESSAGE[reason]
            return Diagnosis(meaning, "bad", what_to_do, key=key)
        return Diagnosis("The key is fine", "good", "It gets a token with this request.", (), key, None, self._ask(key))

    def _of_refusal(self, refusal: Refusal, client_id: str) -> Diagnosis:
        meaning, what_to_do = explain(refusal.code, refusal.message)
        key = queries.find_key(self.db, self.actor, client_id) if client_id else None
        more = _since(refusal, self.now)
        if key is None and refusal.code not in OAUTH_CODES:
            more.append("Paste the token itself to see how it stands with its key.")
        is_lasting = refusal.code in LASTING_CODES or refusal.message in {*Refused, CUSTOMER_DELETED}
        return Diagnosis(meaning, "bad", what_to_do, more, key, None, "" if is_lasting else self._ask(key))

    def _of_token(self, token: str) -> Diagnosis:
        try:
            # Made for this one token: the tokens that are remembered for speed are not this page's business.
            claims = AccessTokens(self.issuer, self.keys).read(token if token.isascii() else "")
        except NotAToken:
            return self._of_stranger(token)
        if claims.sub_type == Subject.USER:
            doctor = LoginDoctor(self.db, self.actor, self.issuer, self.now.timestamp())
            return doctor.diagnose(claims) or self._of_stranger(token)
        is_readable = LOOKED_UP.match(claims.client_id) and LOOKED_UP.match(claims.jti)
        key = queries.find_key(self.db, self.actor, claims.client_id) if is_readable else None
        if key is None:
            return self._of_stranger(token)
        asked = (claims.client_id, claims.kid, claims.jti, claims.customer_guid)
        standing = protocol.standing_of(self.db, self.actor, *asked)
        return self._of_own(claims, standing, key) if standing else self._of_stranger(token)

    def _of_stranger(self, token: str) -> Diagnosis:
        """Nothing here depends on anything but what was pasted: whose a token is, is nobody else's business."""
        fault = _fault_of_form(token)
        if fault:
            return Diagnosis("This is not a whole token", "bad", f"{fault} {COPY_AGAIN}", request=self._ask(None))
        other = _issuer_in(token)
        if not other or other == self.issuer:
            return Diagnosis("This is not a token of your organization", "bad", NOT_OURS, request=self._ask(None))
        advice = f"It says it comes from {other}; this server is {self.issuer}. Send it there, or make a new one here."
        return Diagnosis("The token was made by another server", "bad", advice, request=self._ask(None))

    def _of_own(self, claims: Claims, standing: Standing, key: Application) -> Diagnosis:
        reason = refused(standing, self.now.timestamp())
        troubles = list(_troubles(claims, standing, reason, self.issuer, self.now.timestamp()))
        facts = self._facts(claims, standing)
        if not troubles:
            left = clock.in_words(claims.exp - self.now.timestamp())
            advice = (
                "If it is refused all the same, look at the address of the caller, at the scope that the request needs "
                "and at the kind of key, or paste the error body."
            )
            more = [_where_from(bound(claims, standing), self.actor.address)]
            return Diagnosis(f"The token is good for another {left}", "good", advice, more, key, facts)
        (meaning, what_to_do), *others = troubles
        more = [f"{other.meaning}. {other.what_to_do}" for other in others]
        if reason is None:
            # Once is enough, and better with its name.
            what_to_do = what_to_do.removesuffix(UNNAMED)
            more.append(f"The key “{key.name}” itself is fine.")
        # A customer's token comes from another request, with a token of the bank.
        request = "" if reason or claims.customer_guid else self._ask(key)
        return Diagnosis(meaning, "bad", what_to_do, more, key, facts, request)

    def _facts(self, claims: Claims, standing: Standing) -> TokenFacts:
        bank = queries.names(self.db, self.actor, [standing.bank_guid] if standing.bank_guid else [])
        named = bank.get(standing.bank_guid or "")
        return TokenFacts(
            made_at=moment_of(claims.iat),
            expires_at=moment_of(claims.exp),
            bank_guid=standing.bank_guid,
            bank_name=named.text if named else "",
            customer_guid=claims.customer_guid,
            has_customer=standing.customer_guid is not None,
            scopes=claims.scope.split(),
        )

    def _with_the_rest(self, found: Diagnosis, pasted: Pasted) -> Diagnosis:
        more = list(found.more)
        if pasted.refusal is not None and not _tells(found, pasted.refusal):
            meaning, what_to_do = explain(pasted.refusal.code, pasted.refusal.message)
            more.append(f"The error body says: {meaning[0].lower()}{meaning[1:]}. {what_to_do}")
        if pasted.is_wrapped:
            more.append("There are blanks or line ends in the middle of it: a request needs it in one piece.")
        if pasted.lacks_bearer:
            more.append("The header lacks a word: Authorization: Bearer <token>.")
        return replace(found, more=more)

    def _ask(self, key: Application | None) -> str:
        return recipes(self.issuer, key.client_id if key else ANYBODY)[0].text


def _troubles(
    claims: Claims, standing: Standing, reason: Refused | None, issuer: str, now_seconds: float
) -> Iterator[Explanation]:
    """What the bearer check would refuse, in its order (DESIGN §6)."""
    again = new_token(claims.sub_type)
    yield from claim_troubles(claims, issuer, now_seconds, again if reason is None else REFUSED_AGAIN)
    if standing.kid is None:
        yield Explanation(OLD_SIGNATURE, again)
    if reason is not None:
        yield BY_MESSAGE[reason]
    if standing.token_revoked_at is not None:
        yield by_message(TOKEN_REVOKED, claims.sub_type)
    contradicted = contradiction(claims, standing)
    if contradicted:
        yield by_message(contradicted, claims.sub_type)


def _fault_of_form(token: str) -> str:
    """What is missing of a token that was cut off; empty when nothing is."""
    parts = token.split(".")
    if len(parts) != PARTS:
        return f"A token has three parts with dots between, this has {len(parts)}: something was lost on its way."
    if len(parts[2]) != SIGNATURE_LETTERS:
        return f"The last part of a token has {SIGNATURE_LETTERS} letters, this one has {len(parts[2])}."
    return "" if all(_members_of(part) for part in parts[:2]) else "Letters of it were lost or changed."


def _issuer_in(token: str) -> str:
    issuer = _members_of(token.split(".")[1]).get("iss")
    return issuer if isinstance(issuer, str) and ISSUER.match(issuer) else ""


def _members_of(part: str) -> dict[str, object]:
    try:
        return strict.json_object(strict.b64url(part.encode()))
    except ValueError:
        return {}


def _since(refusal: Refusal, now: dt.datetime) -> list[str]:
    """When it came to that, as far as the error body says."""
    try:
        told = refusal.members[RULES[refusal.message].since]
        seconds = (now - dt.datetime.fromisoformat(str(told)).astimezone(clock.UTC)).total_seconds()
    except (KeyError, ValueError, OverflowError):
        return []
    ago = f"{clock.in_words(max(seconds, 0))} ago"
    if refusal.message != EXPIRED:
        return [f"That was {ago}."]
    if seconds < -AHEAD_SECONDS:
        return ["By this server's clock the token has not expired yet: the clocks of two machines differ."]
    return [f"The token expired {ago}."]


def _where_from(standing: Standing, address: str) -> str:
    if not standing.ip_allowlist:
        is_production = standing.bank_type == BankType.PRODUCTION
        return "Its key has no address list, which production refuses." if is_production else "It works from anywhere."
    here = "is" if addresses.allows(standing.ip_allowlist, address) else "is not"
    listed = ", ".join(dict.fromkeys(standing.ip_allowlist.split()))
    return f"It works from {listed}. Your own address, {address}, {here} on that list."


def _tells(found: Diagnosis, refusal: Refusal) -> bool:
    return found.title.startswith("The token expired") and refusal.message == "Signature has expired"
