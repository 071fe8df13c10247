"""Dashboard pages of the team: who belongs to the organization, in which role, and who is invited."""

from ostiary.access.scopes import Scope
from ostiary.users import queries, service
from ostiary.users.models import Membership, Role
from ostiary.users.roles import MEANINGS, may_give
from ostiary.users.schemas import MembershipChanges, NewInvitation
from ostiary.users.service import Invitation
from ostiary.web.pages import Go, Pages, View, Visit

PATH = "/team"
HERE = "team"
PER_PAGE = 100

pages = Pages()


@pages.get(PATH)
def team(visit: Visit) -> View:
    after = visit.parameter("after")
    found = service.page(visit.db, visit.actor, PER_PAGE, after)
    return View(
        "users/team.html",
        here=HERE,
        members=found[:PER_PAGE],
        me=visit.actor.guid,
        meanings=MEANINGS,
        next=visit.link(PATH, after=found[PER_PAGE - 1].guid) if len(found) > PER_PAGE else "",
        first=visit.link(PATH) if after else "",
        may_invite=visit.actor.may(Scope.USERS_EXECUTE),
    )


@pages.get(f"{PATH}/invitations")
def new_invitation(visit: Visit) -> View:
    roles = service.offered_roles(visit.actor)
    form = visit.form.or_usual(role=Role.VIEWER)
    return View("users/new_invitation.html", here=HERE, form=form, roles=_explained(roles))


@pages.post(f"{PATH}/invitations", again=new_invitation)
def invite(visit: Visit) -> View:
    """Breaks redirect-after-POST on purpose: the link is in this answer and nowhere else."""
    visit.must_be_meant_here()
    sent = visit.form.read_as(NewInvitation)
    return _shown_once(visit, service.invite(visit.db, visit.actor, visit.person.organization_guid, sent))


@pages.get(f"{PATH}/{{guid}}")
def member(visit: Visit) -> View:
    found = service.get(visit.db, visit.actor, visit.path["guid"])
    is_within_reach = may_give(visit.actor, found.role)
    may_change = is_within_reach and visit.actor.may(Scope.USERS_WRITE)
    return View(
        "users/member.html",
        here=HERE,
        member=found,
        form=visit.form.or_usual(role=found.role),
        roles=_explained([role for role in Role if may_give(visit.actor, role)]) if may_change else [],
        meaning=MEANINGS[Role(found.role)],
        inviter=queries.find_inviter(visit.db, visit.actor, found),
        invitation=queries.invitation(visit.db, visit.actor, found.guid),
        is_me=found.guid == visit.actor.guid,
        may_end=is_within_reach and visit.actor.may(Scope.USERS_EXECUTE),
    )


@pages.post(f"{PATH}/{{guid}}", again=member)
def change_role(visit: Visit) -> Go:
    changed = service.update(visit.db, visit.actor, visit.path["guid"], visit.form.read_as(MembershipChanges))
    return _to(visit, changed, "role-changed")


@pages.get(f"{PATH}/{{guid}}/disablement")
def before_disablement(visit: Visit) -> View:
    found = service.to_end(visit.db, visit.actor, visit.path["guid"])
    places = queries.sessions_here(visit.db, visit.actor, found.guid, visit.now)
    programs = queries.logins_here(visit.db, visit.actor, found.guid, visit.now)
    return View("users/disablement.html", here=HERE, member=found, places=places, programs=programs)


@pages.post(f"{PATH}/{{guid}}/disablement", again=before_disablement)
def disable(visit: Visit) -> Go:
    visit.form.must_be_confirmed()
    return _to(visit, service.disable(visit.db, visit.actor, visit.path["guid"]), "person-disabled")


@pages.post(f"{PATH}/{{guid}}/enablement", again=member)
def enable(visit: Visit) -> Go:
    return _to(visit, service.enable(visit.db, visit.actor, visit.path["guid"]), "person-enabled")


@pages.get(f"{PATH}/{{guid}}/withdrawal")
def before_withdrawal(visit: Visit) -> View:
    return View("users/withdrawal.html", here=HERE, member=service.to_end(visit.db, visit.actor, visit.path["guid"]))


@pages.post(f"{PATH}/{{guid}}/withdrawal", again=before_withdrawal)
def withdraw(visit: Visit) -> Go:
    visit.form.must_be_confirmed()
    service.withdraw(visit.db, visit.actor, visit.path["guid"])
    return Go(visit.link(PATH), done="invitation-withdrawn")


@pages.post(f"{PATH}/{{guid}}/link", again=member)
def new_link(visit: Visit) -> View:
    """As with the first one: shown in this answer and nowhere else."""
    return _shown_once(visit, service.invite_again(visit.db, visit.actor, visit.path["guid"]))


def _shown_once(visit: Visit, invitation: Invitation) -> View:
    return View(
        "users/invitation.html",
        here=HERE,
        member=invitation.membership,
        meaning=MEANINGS[Role(invitation.membership.role)],
        invite_link=visit.settings.issuer + invitation.path,
        expires_at=invitation.expires_at,
    )


def _explained(roles: list[Role]) -> list[tuple[str, str, str]]:
    return [(role, role.capitalize(), MEANINGS[role]) for role in roles]


def _to(visit: Visit, membership: Membership, done: str) -> Go:
    return Go(visit.link(f"{PATH}/{membership.guid}"), done=done)
