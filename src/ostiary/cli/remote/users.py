"""People of a server: the team of the token's organization."""

from collections.abc import Iterator
from typing import Any

from ostiary.cli import show
from ostiary.cli.remote.api import Api, below, body_of
from ostiary.cli.remote.refusals import Refused, only_on_the_server
from ostiary.cli.show import Facts
from ostiary.errors import NotFound
from ostiary.users.schemas import InvitedUserOut, MembershipChanges, NewAccount, NewInvitation, UserOut, folded
from ostiary.web.schemas import Sent

PATH = "/api/users"
IN_THE_DASHBOARD = "in the dashboard, or "


class RemoteUsers:
    def __init__(self, api: Api) -> None:
        self._api = api

    def listed(self) -> Iterator[Facts]:
        return map(self._facts, self._team())

    def get(self, email: str) -> Facts:
        return self._facts(self._member(email))

    def create(self, new: Sent[NewAccount], organization_guid: str, role: str) -> Facts:  # noqa: ARG002 - as on the local database
        new.read()
        raise Refused("The API makes no accounts: people come by invitation, with: ostiary users invite")

    def invite(self, organization_guid: str | None, new: Sent[NewInvitation]) -> Facts:
        self._api.place.must_be_in_organization(organization_guid)
        answer = self._api.create(PATH, body_of(new))
        made = self._api.shaped(InvitedUserOut, answer)
        shown = made.model_dump(mode="json")
        return {**self._facts(made), "link": made.invite_url, "link_expires_at": shown["invite_expires_at"]}

    def update(self, email: str, organization_guid: str | None, sent: Sent[MembershipChanges]) -> Facts:
        self._api.place.must_be_in_organization(organization_guid)
        body = body_of(sent)
        answer = self._api.update(below(PATH, self._member(email).guid, "user"), body)
        return self._facts(self._api.shaped(UserOut, answer))

    def new_password_link(self, email: str) -> Facts:
        raise only_on_the_server(self._api.url, f"ostiary users reset-password {email}")

    def on_disabling(self, email: str) -> str:
        member = self._member(email)
        shown = show.clean(member.email)
        if member.state == "invited":
            return f"The invitation of {shown} will be withdrawn, and its link will not work any more."
        return (
            f"{shown} will be shut out of the organization at once; keys they made go on working, and so does "
            "their account in other organizations."
        )

    def disable(self, email: str) -> Facts:
        member = self._member(email)
        self._api.delete(below(PATH, member.guid, "user"))
        ended = "withdrawn" if member.state == "invited" else "disabled"
        return self._facts(member.model_copy(update={"state": ended}))

    def enable(self, email: str) -> Facts:
        raise only_on_the_server(self._api.url, f"ostiary users enable {email}", IN_THE_DASHBOARD)

    def _team(self) -> Iterator[UserOut]:
        return (self._api.shaped(UserOut, answer) for answer in self._api.every(PATH))

    def _member(self, email: str) -> UserOut:
        # The API knows people by guid alone.
        found = next((member for member in self._team() if member.email == folded(email)), None)
        if found is None:
            raise NotFound("user")
        return found

    def _facts(self, member: UserOut) -> dict[str, Any]:
        """Its guid and times are the membership's; of the account a server tells the name."""
        place = self._api.place.organization_guid
        where = {"organization_guid": place} if place else {}
        name = {} if member.username is None else {"name": member.username}
        membership = {**where, "role": member.role, "state": member.state, "guid": member.guid}
        return {"email": member.email, **name, "memberships": [membership]}
