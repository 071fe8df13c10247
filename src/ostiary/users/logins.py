"""Logins: programs in which somebody signed in. How they begin and end, and that the trail says so."""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.crypto import guids
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.users import user_agents
from ostiary.users.models import Login, Membership


def create(
    db: Session,
    actor: Actor,
    scopes: Sequence[str],
    bank_guid: str | None,
    *,
    address: str,
    user_agent: str,
    expires_at: dt.datetime,
) -> Login:
    """What the actor, a person, has approved for a program at that address."""
    login = Login(
        guid=guids.new(),
        membership_guid=actor.guid,
        bank_guid=bank_guid,
        scope=" ".join(scopes),
        address=address,
        user_agent=user_agent,
        expires_at=expires_at,
    )
    db.add(login)
    record(
        db,
        actor,
        EventType.LOGIN_CREATED,
        login.guid,
        organization_guid=actor.organization_guid,
        bank_guid=bank_guid,
        program=user_agents.program(user_agent),
        program_address=address,
        scopes=list(scopes),
    )
    return login


def end(db: Session, login: Login, membership: Membership, address: str, **facts: object) -> None:
    """With all its tokens, at once; in the name of its person, in the trail of its own organization."""
    db.execute(sa.delete(Login).where(Login.guid == login.guid))
    person = Actor(
        subject=Subject.USER,
        guid=membership.guid,
        organization_guid=membership.organization_guid,
        address=address,
    )
    record(
        db,
        person,
        EventType.LOGIN_DELETED,
        login.guid,
        organization_guid=membership.organization_guid,
        bank_guid=login.bank_guid,
        program=user_agents.program(login.user_agent),
        **facts,
    )
