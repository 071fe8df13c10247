"""One line of the revocation journal, done once more to a database that is older than it."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications import service as applications
from ostiary.applications.models import ApplicationKind
from ostiary.banks import service as banks
from ostiary.errors import NotFound
from ostiary.events.catalog import EventType
from ostiary.events.journal import Entry
from ostiary.events.record import record
from ostiary.recovery import queries
from ostiary.users.models import Membership, OneTimeLink, Role

OPERATOR = Actor.operator()

# The most first.
RANKS = list(Role)


def take_away_again(db: Session, entry: Entry) -> bool:
    """Whether there was something to do: what was made after the backup is not there."""
    match entry.event_type:
        case EventType.CREDENTIAL_DELETED:
            return _key(db, entry.object_guid, is_final=True)
        case EventType.CREDENTIAL_UPDATED:
            # Paused, or given another list, which only somebody who knows it can give it again.
            return _key(db, entry.object_guid, is_final=False)
        case EventType.BANK_UPDATED:
            return _bank(db, entry)
        case EventType.USER_DISABLED | EventType.USER_DELETED | EventType.USER_UPDATED:
            found = queries.by_guid_membership(db, entry.object_guid)
            return found is not None and _person(db, entry, found)
        case _:
            # Of a later release, whose word for it this one does not know.
            return False


def _key(db: Session, guid: str, *, is_final: bool) -> bool:
    found = queries.by_guid_application(db, guid)
    if found is None or found.revoked_at is not None or (found.paused_at is not None and not is_final):
        return False
    (applications.revoke if is_final else applications.pause)(db, OPERATOR, ApplicationKind(found.kind), guid)
    return True


def _bank(db: Session, entry: Entry) -> bool:
    try:
        if entry.facts.get("closed"):
            banks.close(db, OPERATOR, entry.object_guid)
        if entry.facts.get("type"):
            banks.promote(db, OPERATOR, entry.object_guid)
    except NotFound:
        return False
    return True


def _person(db: Session, entry: Entry, membership: Membership) -> bool:
    """Without the rules for people who change people: the last owner may have been shut out by the operator."""
    facts, user = dict(entry.facts), membership.user
    match entry.event_type:
        case EventType.USER_DELETED if user is None:
            db.execute(sa.delete(OneTimeLink).where(OneTimeLink.membership_guid == membership.guid))
            db.delete(membership)
        case EventType.USER_DISABLED if user is not None and facts.get("everywhere"):
            user.disabled_at = user.disabled_at or clock.now()
        case EventType.USER_DISABLED | EventType.USER_DELETED:
            membership.disabled_at = membership.disabled_at or clock.now()
        case EventType.USER_UPDATED:
            if user is not None and facts.get("password_changed"):
                # The one they had before may be why they changed it.
                user.password_hash = None
            if role := facts.get("role"):
                before, membership.role = membership.role, _lower(membership.role, role[1])
                facts["role"] = [before, membership.role]
    facts["from_journal"] = True
    place = membership.organization_guid
    record(db, OPERATOR, EventType(entry.event_type), membership.guid, organization_guid=place, **facts)
    return True


def _lower(one: str, other: str) -> str:
    return max(one, other, key=lambda role: RANKS.index(Role(role)))
