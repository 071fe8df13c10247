"""What a database that was put back must not bring back: sessions, logins, tokens, and what was taken away since."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.applications.models import Application
from ostiary.crypto import guids
from ostiary.events.catalog import EventType
from ostiary.events.journal import Entry
from ostiary.events.models import Event
from ostiary.events.record import record
from ostiary.house import House
from ostiary.oauth import key_rotation
from ostiary.oauth.models import DeviceCode, RefreshToken
from ostiary.recovery import queries
from ostiary.recovery.taking_away import take_away_again
from ostiary.users.models import Login, OneTimeLink, UserSession

OPERATOR = Actor.operator()

# Whoever has one of these was let in by a database that went on after the backup.
ENDS = (RefreshToken, DeviceCode, Login, UserSession, OneTimeLink)


@dataclass(frozen=True)
class Outcome:
    """How much was taken away again from the journal, and held because there was none."""

    taken_away: int = 0
    held_keys: int = 0
    held_people: int = 0


def cut_off(house: House, entries: Sequence[Entry] | None, made_at: str) -> Outcome:
    """End every session, login and token; then take away again what `entries` say, or hold every key and person.

    All or nothing, and once more does no harm. `made_at` is when the copy was made, for the trail.
    """
    with house.store.writing() as db:
        for model in ENDS:
            db.execute(sa.delete(model))
        key_rotation.retire_all(db, house.signing_key_seal)
        for guid in queries.by_guid_organizations(db):
            record(db, OPERATOR, EventType.ORGANIZATION_UPDATED, guid, organization_guid=guid, restored_from=made_at)
        if entries is None:
            return Outcome(held_keys=_hold_keys(db), held_people=_hold_people(db))
        known = queries.by_guids_known(db, [each.event_guid for each in entries])
        missing = [each for each in entries if each.event_guid not in known]
        return Outcome(taken_away=sum(take_away_again(db, each) for each in missing))


def _hold_keys(db: Session) -> int:
    """Pause all that work: nobody can say which of them were revoked since."""
    now, held = clock.now(), 0
    for batch in queries.by_standing_live_keys(db):
        these = [each.guid for each in batch]
        db.execute(sa.update(Application).where(Application.guid.in_(these)).values(paused_at=now))
        db.execute(
            sa.insert(Event),
            [
                {
                    "guid": guids.new(),
                    "event_type": EventType.CREDENTIAL_UPDATED,
                    "object_guid": each.guid,
                    "organization_guid": each.organization_guid,
                    "bank_guid": each.bank_guid,
                    "actor_subject": OPERATOR.subject,
                    "actor_guid": OPERATOR.guid,
                    "address": OPERATOR.address,
                    "facts": {"paused": True, "held_for_review": True},
                    "created_at": now,
                }
                for each in batch
            ],
        )
        held += len(batch)
    return held


def _hold_people(db: Session) -> int:
    people = queries.by_standing_live_people(db)
    for user in people:
        user.disabled_at = clock.now()
        for membership in queries.by_user_memberships(db, user.guid):
            record(
                db,
                OPERATOR,
                EventType.USER_DISABLED,
                membership.guid,
                organization_guid=membership.organization_guid,
                everywhere=True,
                held_for_review=True,
            )
    return len(people)
