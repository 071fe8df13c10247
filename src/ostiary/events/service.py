"""What can be done with events: they are read."""

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.events import queries
from ostiary.events.queries import EventFilter, Stretch


def stretch(db: Session, actor: Actor, wanted: EventFilter, size: int, *, before: str = "", after: str = "") -> Stretch:
    """Every person of the organization may read its trail, whatever their role: no customer's data is in it."""
    actor.must(Scope.ORGANIZATIONS_READ, Subject.USER)
    return queries.stretch(db, actor, wanted, size, before=before, after=after)
