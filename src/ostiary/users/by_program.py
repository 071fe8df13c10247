"""What people's programs do with people: they may ask for an invitation twice, and one word ends whatever there is."""

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.db.pages import Page
from ostiary.users import queries, service
from ostiary.users.models import Membership
from ostiary.users.schemas import NewUser
from ostiary.users.service import Invitation
from ostiary.web.idempotency import Once, is_renewable, made_already
from ostiary.web.schemas import Sent


def page(db: Session, actor: Actor, guids: tuple[str, ...] | None, page: int, per_page: int) -> Page[Membership]:
    actor.must(Scope.USERS_READ, Subject.ORGANIZATION, Subject.USER)
    return queries.page(db, actor, guids, page, per_page)


def create(db: Session, actor: Actor, sent: Sent[NewUser], once: Once) -> Invitation:
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    earlier = once.earlier(db, actor)
    if earlier is not None:
        invitation = _again(db, actor, earlier)
    else:
        invitation = service.invite(db, actor, actor.organization_guid, sent)
    once.made(db, actor, invitation.membership.guid)
    return invitation


def delete(db: Session, actor: Actor, guid: str) -> None:
    """Disable a member; withdraw an invitation that was not taken up."""
    actor.must(Scope.USERS_EXECUTE, Subject.USER)
    if queries.get(db, actor, guid).is_accepted:
        service.disable(db, actor, guid)
    else:
        service.withdraw(db, actor, guid)


def _again(db: Session, actor: Actor, guid: str) -> Invitation:
    """The first answer was lost: the same invitation with another link, which ends the one that nobody saw."""
    membership = queries.find_to_change(db, actor, guid)
    is_open = membership is not None and not membership.is_accepted
    if membership is None or not is_open or not is_renewable(membership.created_at):
        raise made_already(f"the user {guid}", guid=guid)
    return service.invite_again(db, actor, guid)
