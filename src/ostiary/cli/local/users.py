"""People of the local database: those who have an account, and those who were invited."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from ostiary.cli import show
from ostiary.cli.local.organizations import only_organization
from ostiary.cli.session import OPERATOR, fail, reading, writing
from ostiary.cli.show import Facts
from ostiary.errors import NotFound
from ostiary.users import accounts, queries, service, set_up
from ostiary.users.accounts import LetIn
from ostiary.users.models import Membership, User
from ostiary.users.schemas import MembershipChanges, NewAccount, NewInvitation, folded
from ostiary.web.schemas import Sent


class LocalUsers:
    def listed(self) -> Iterator[Facts]:
        with reading() as db:
            places, invited = defaultdict(list), defaultdict(list)
            for membership in queries.team(db, OPERATOR):
                if membership.is_accepted:
                    places[membership.user_guid].append(membership)
                else:
                    invited[membership.email].append(membership)
            for user in queries.by_order(db):
                yield _facts(user, [*places[user.guid], *invited.pop(user.email, [])])
            for email, open_places in invited.items():
                yield {"email": email, **_facts(None, open_places)}

    def get(self, email: str) -> Facts:
        with reading() as db:
            return _person(db, email)

    def create(self, new: Sent[NewAccount], organization_guid: str, role: str) -> Facts:
        with writing() as (house, db):
            made = accounts.create(db, OPERATOR, new, organization_guid, role)
            shown = _let_in(db, house.settings.issuer, made)
        set_up.put_away(house.settings)
        return shown

    def invite(self, organization_guid: str | None, new: Sent[NewInvitation]) -> Facts:
        with writing() as (house, db):
            made = service.invite(db, OPERATOR, organization_guid or only_organization(db), new)
            link = {"link": house.settings.issuer + made.path, "link_expires_at": show.on_the_wire(made.expires_at)}
            return {**_person(db, made.membership.email), **link}

    def update(self, email: str, organization_guid: str | None, sent: Sent[MembershipChanges]) -> Facts:
        with writing() as (_, db):
            service.update(db, OPERATOR, _membership(db, email, organization_guid).guid, sent)
            return _person(db, email)

    def new_password_link(self, email: str) -> Facts:
        with writing() as (house, db):
            return _let_in(db, house.settings.issuer, accounts.new_password_link(db, OPERATOR, email))

    def on_disabling(self, email: str) -> str:
        with reading() as db:
            if _is_only_invited(db, email):
                return f"The invitation of {email} will be withdrawn, and its link will not work any more."
        return f"{email} will be signed out everywhere and not let in again; keys they made go on working."

    def disable(self, email: str) -> Facts:
        with writing() as (_, db):
            if _is_only_invited(db, email):
                return _withdrawn(db, email)
            accounts.disable(db, OPERATOR, email)
            return _person(db, email)

    def enable(self, email: str) -> Facts:
        with writing() as (_, db):
            accounts.enable(db, OPERATOR, email)
            return _person(db, email)


def _facts(user: User | None, places: Iterable[Membership]) -> dict[str, Any]:
    memberships = [
        {"organization_guid": one.organization_guid, "role": one.role, "state": one.standing, "guid": one.guid}
        for one in places
    ]
    if user is None:
        return {"memberships": memberships}
    return {
        "guid": user.guid,
        "email": user.email,
        "name": user.name,
        "memberships": memberships,
        "created_at": show.on_the_wire(user.created_at),
        "disabled_at": show.on_the_wire(user.disabled_at),
    }


def _let_in(db: Session, issuer: str, made: LetIn) -> Facts:
    shown = _facts(made.user, queries.memberships_of(db, OPERATOR, made.user.guid))
    if made.path:
        shown |= {"link": issuer + made.path, "link_expires_at": show.on_the_wire(made.expires_at)}
    return shown


def _person(db: Session, email: str) -> dict[str, Any]:
    user, places = queries.by_email(db, folded(email)), _places(db, email)
    if user is None and not places:
        raise NotFound("user")
    return {"email": folded(email), **_facts(user, places)}


def _is_only_invited(db: Session, email: str) -> bool:
    return queries.by_email(db, folded(email)) is None and bool(_places(db, email))


def _withdrawn(db: Session, email: str) -> Facts:
    last = _person(db, email)
    for one in _places(db, email):
        service.withdraw(db, OPERATOR, one.guid)
    return {**last, "memberships": [{**each, "state": "withdrawn"} for each in last["memberships"]]}


def _places(db: Session, email: str) -> Sequence[Membership]:
    """Open invitations too, which know an address only."""
    return [one for one in queries.team(db, OPERATOR) if one.email == folded(email)]


def _membership(db: Session, email: str, organization_guid: str | None) -> Membership:
    places = [one for one in _places(db, email) if organization_guid in {None, one.organization_guid}]
    if not places:
        raise NotFound("user")
    if len(places) > 1:
        fail(f"{email} belongs to {len(places)} organizations: name one with --organization GUID")
    return places[0]
