"""Why a key that authenticates is refused all the same: one set of questions for both lanes."""

from enum import StrEnum

from ostiary.access import addresses
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.banks.models import BankType
from ostiary.db.model import stored_seconds
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


def is_address_allowed(standing: Standing, address: str) -> bool:
    """An empty list lets everybody in, except to a production bank, whose keys must have one."""
    if not standing.ip_allowlist:
        return standing.bank_type != BankType.PRODUCTION
    return addresses.allows(standing.ip_allowlist, address)


def actor_of(standing: Standing, address: str, scopes: frozenset[Scope] = frozenset()) -> Actor:
    return Actor(
        subject=Subject(standing.kind),
        guid=standing.application_guid,
        organization_guid=standing.organization_guid,
        bank_guid=standing.bank_guid or "",
        scopes=scopes,
        address=address,
    )
