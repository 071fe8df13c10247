"""JSON routes of users: whoever belongs to the organization of the token, or was invited to."""

from typing import Annotated

from fastapi import APIRouter, Body

from ostiary.users import by_program, service
from ostiary.users.schemas import InvitedUserOut, NewUser, UserChanges, UserOut
from ostiary.web.idempotency import Once
from ostiary.web.paging import FIRST_PAGE, USUAL_SIZE, ListOut, ListText, PageNumber, PageSize, split_list
from ostiary.web.routes import Asking, Db, UnitOfWorkRoute
from ostiary.web.schemas import Sent

router = APIRouter(prefix="/api/users", tags=["users"], route_class=UnitOfWorkRoute)


@router.get("")
def list_users(
    db: Db, actor: Asking, page: PageNumber = FIRST_PAGE, per_page: PageSize = USUAL_SIZE, guid: ListText = None
) -> ListOut[UserOut]:
    """Newest first, invited and disabled ones too. Needs `users:read`, of an organization or a person."""
    found = by_program.page(db, actor, split_list(guid, "guids"), page, per_page)
    return ListOut[UserOut].of(found, UserOut.of)


@router.post("", status_code=201)
def create_user(
    db: Db, actor: Asking, issuer: str, once: Once, sent: Annotated[Sent[NewUser], Body()]
) -> InvitedUserOut:
    """Invites somebody; hand the link on, for Ostiary sends no mail. It is in this answer and nowhere else.

    Without `allowed_scopes` and `role` it is a viewer. Needs a person's `users:execute`.
    """
    made = by_program.create(db, actor, sent, once)
    return InvitedUserOut.with_link(made.membership, issuer + made.path, made.expires_at)


@router.get("/{user_guid}")
def get_user(db: Db, actor: Asking, user_guid: str) -> UserOut:
    """Needs `users:read`, of an organization or a person."""
    return UserOut.of(service.get(db, actor, user_guid))


@router.patch("/{user_guid}")
def update_user(db: Db, actor: Asking, user_guid: str, sent: Annotated[Sent[UserChanges], Body()]) -> UserOut:
    """Gives the largest role that holds nothing beyond `allowed_scopes`, or the `role` itself.

    It counts from the next request on. Needs a person's `users:write`.
    """
    return UserOut.of(service.update(db, actor, user_guid, sent))


@router.delete("/{user_guid}", status_code=204)
def disable_user(db: Db, actor: Asking, user_guid: str) -> None:
    """Shuts a member out at once; withdraws an invitation that was not taken up. Needs a person's `users:execute`."""
    by_program.delete(db, actor, user_guid)
