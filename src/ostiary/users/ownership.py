"""An organization keeps its last owner, whoever asks for what."""

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.errors import Invalid
from ostiary.users import queries
from ostiary.users.models import Membership, Role


def must_not_end(db: Session, actor: Actor, membership: Membership, *, field: str = "") -> None:
    """Raises Invalid when nobody but this member is an owner who could sign in; read under the organization's lock."""
    organization = queries.hold(db, actor, membership.organization_guid)
    is_live_owner = membership.role == Role.OWNER and membership.is_accepted and not membership.is_disabled
    if is_live_owner and queries.live_owners(db, actor, organization.guid) == 1:
        message = f"{membership.shown_name} is the only owner of {organization.name}: make somebody else an owner first"
        raise Invalid("last_owner", message, status=409, field=field)
