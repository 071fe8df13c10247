"""Every SELECT on requests that came before."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.web.models import IdempotencyKey


def find(db: Session, actor: Actor, digest: bytes) -> IdempotencyKey | None:
    mine = select(IdempotencyKey).where(IdempotencyKey.organization_guid == actor.organization_guid)
    return db.scalar(mine.where(IdempotencyKey.digest == digest))
