"""Links that let somebody in once: the first person, an invited one, one who forgot the password."""

import datetime as dt
import hashlib
import secrets

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.crypto import guids
from ostiary.errors import Problem
from ostiary.users import queries
from ostiary.users.models import LinkPurpose, OneTimeLink

WORD_BYTES = 32
LIVES = {
    LinkPurpose.SET_UP: dt.timedelta(hours=24),
    LinkPurpose.INVITATION: dt.timedelta(days=7),
    LinkPurpose.NEW_PASSWORD: dt.timedelta(minutes=15),
}
# For somebody who has no password yet, so that there is nothing to take over.
FIRST_PASSWORD_LIFE = dt.timedelta(hours=24)
PATHS = {
    LinkPurpose.SET_UP: "/set-up",
    LinkPurpose.INVITATION: "/join",
    LinkPurpose.NEW_PASSWORD: "/new-password",
}


class LinkOver(Problem):
    """The link was used, withdrawn, has expired, or never was one: one answer for all."""

    status = 410

    def __init__(self) -> None:
        super().__init__(
            "link_over", "This link does not work any more: it works once and not for long. Ask for a new one"
        )


def digest(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()


def make(
    db: Session,
    purpose: LinkPurpose,
    *,
    membership_guid: str | None = None,
    user_guid: str | None = None,
    life: dt.timedelta | None = None,
) -> str:
    """The path of a new link, which replaces an earlier one for the same person."""
    word = secrets.token_urlsafe(WORD_BYTES)
    over = OneTimeLink.expires_at <= clock.now()
    # Comparing with None is never true in SQL, so the set-up links of several nodes live side by side.
    same = sa.or_(
        OneTimeLink.membership_guid == sa.literal(membership_guid), OneTimeLink.user_guid == sa.literal(user_guid)
    )
    db.execute(sa.delete(OneTimeLink).where(over | (OneTimeLink.purpose == purpose) & same))
    db.add(
        OneTimeLink(
            guid=guids.new(),
            purpose=purpose,
            word_digest=digest(word),
            membership_guid=membership_guid,
            user_guid=user_guid,
            expires_at=clock.now() + (life or LIVES[purpose]),
        )
    )
    return f"{PATHS[purpose]}/{word}"


def look(db: Session, purpose: LinkPurpose, word: str) -> OneTimeLink:
    """The link, without using it up; raises LinkOver."""
    found = queries.by_link(db, purpose, digest(word))
    if found is None or found.expires_at <= clock.now():
        raise LinkOver
    return found


def use(db: Session, purpose: LinkPurpose, word: str) -> OneTimeLink:
    """The link, which from now on is over: of two who come at once, one gets it. Raises LinkOver."""
    link = look(db, purpose, word)
    gone = db.execute(sa.delete(OneTimeLink).where(OneTimeLink.guid == link.guid))
    if gone.rowcount != 1:  # type: ignore[attr-defined]  # a DELETE's answer has it
        raise LinkOver
    return link
