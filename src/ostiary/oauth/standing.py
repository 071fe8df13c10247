"""Why a key that authenticates is refused all the same: one set of questions for both lanes."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from ostiary import clock
from ostiary.access import addresses
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.banks.models import BankType
from ostiary.db.model import stored_seconds
from ostiary.oauth.access_tokens import Claims
from ostiary.oauth.queries import Standing


class Refused(StrEnum):
    """The fixed texts; the bearer check answers with them as they are (DESIGN §6)."""

    REVOKED = "Credential revoked"
    EXPIRED = "Credential has expired"
    PAUSED = "Credential paused"
    USER_DISABLED = "User disabled"
    LOGIN_ENDED = "Login ended"
    BANK_CLOSED = "Bank closed"
    ORGANIZATION_CLOSED = "Organization closed"


# What a token is refused for although its key is fine.
CUSTOMER_DELETED = "Customer deleted"
OUTDATED = "Token no longer matches its key"
LOGIN_OUTDATED = "Token no longer matches its login"

# Where it is read since when a key is refused.
SINCE: Mapping[Refused, str] = {
    Refused.REVOKED: "revoked_at",
    Refused.EXPIRED: "expires_at",
    Refused.PAUSED: "paused_at",
    Refused.BANK_CLOSED: "bank_closed_at",
    Refused.ORGANIZATION_CLOSED: "organization_closed_at",
}


def refused(standing: Standing, now_seconds: float) -> Refused | None:
    """The first reason why this key and its tokens do not count at this moment."""
    if standing.revoked_at is not None:
        return Refused.REVOKED
    if stored_seconds(standing.expires_at) <= now_seconds:
        return Refused.EXPIRED
    if standing.paused_at is not None:
        return Refused.PAUSED
    if standing.bank_closed_at is not None:
        return Refused.BANK_CLOSED
    if standing.organization_closed_at is not None:
        return Refused.ORGANIZATION_CLOSED
    return None


def since(standing: Standing, reason: Refused) -> dt.datetime:
    return moment(getattr(standing, SINCE[reason]))


def moment(stored: Any) -> dt.datetime:  # noqa: ANN401 - as the driver gives it
    return dt.datetime.fromtimestamp(stored_seconds(stored), clock.UTC)


def contradiction(claims: Claims, standing: Standing) -> str:
    """Whatever a token says about its place must still be what the database says; empty when it is."""
    place = (standing.organization_guid, standing.bank_guid, standing.bank_type)
    if (claims.organization_guid, claims.bank_guid, claims.bank_type) != place:
        return OUTDATED
    if claims.sub_type == Subject.CUSTOMER and standing.kind == Subject.BANK:
        return "" if claims.sub == standing.customer_guid else CUSTOMER_DELETED
    subject = standing.bank_guid or standing.organization_guid
    return "" if (claims.sub_type, claims.sub) == (standing.kind, subject) else OUTDATED


def bound(claims: Claims, standing: Standing) -> Standing:
    """With the address list that binds the token: its key's, or a customer's own and what it takes over of its key's.

    Joined as lists: an empty one adds nothing, and only where both are empty does the rule of an empty list hold.
    """
    if claims.sub_type != Subject.CUSTOMER:
        return standing
    inherited = standing.ip_allowlist if claims.inherits_ip_allowlist else ""
    return standing._replace(ip_allowlist=f"{claims.ip_allowlist} {inherited}".strip())


def is_let_in_by_itself(claims: Claims, address: str) -> bool:
    """Whether the list of the key, whatever will be on it, changes nothing for a customer's token from there."""
    return not claims.inherits_ip_allowlist or addresses.allows(claims.ip_allowlist, address)


def is_address_allowed(standing: Standing, address: str) -> bool:
    """An empty list lets everybody in, except to a production bank, whose keys must have one."""
    if not standing.ip_allowlist:
        return standing.bank_type != BankType.PRODUCTION
    return addresses.allows(standing.ip_allowlist, address)


def actor_of(
    standing: Standing, address: str, scopes: frozenset[Scope] = frozenset(), *, customer_guid: str = ""
) -> Actor:
    """The key at work, or one of its bank's customers with a token that the key has made."""
    return Actor(
        subject=Subject.CUSTOMER if customer_guid else Subject(standing.kind),
        guid=standing.application_guid,
        organization_guid=standing.organization_guid,
        bank_guid=standing.bank_guid or "",
        customer_guid=customer_guid,
        scopes=scopes,
        address=address,
    )
