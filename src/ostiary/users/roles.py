"""Roles: which scopes a person holds in an organization, and which of them also in its production banks (DESIGN §6)."""

from typing import NamedTuple

from ostiary.access.actor import Actor
from ostiary.access.scopes import Scope
from ostiary.users.models import Role


class Rights(NamedTuple):
    """Scopes held somewhere in the organization, and those that hold in production banks too."""

    scopes: frozenset[Scope]
    in_production: frozenset[Scope]


EVERYTHING = frozenset(Scope)
READS = frozenset(scope for scope in Scope if scope.endswith(":read") and not scope.endswith(":pii:read"))
# What concerns the whole organization is not a developer's, however made up a bank's data is.
OF_THE_ORGANIZATION = frozenset(
    scope
    for scope in Scope
    if scope.split(":")[0] in {"organizations", "organization_applications", "users", "subscriptions"}
    and not scope.endswith(":read")
)

RIGHTS = {
    Role.OWNER: Rights(EVERYTHING, EVERYTHING),
    Role.ADMINISTRATOR: Rights(EVERYTHING, EVERYTHING),
    Role.DEVELOPER: Rights(EVERYTHING - OF_THE_ORGANIZATION, READS),
    Role.VIEWER: Rights(READS, READS),
}

MEANINGS = {
    Role.OWNER: "Everything, other owners included.",
    Role.ADMINISTRATOR: "Everything but other owners and deleting the organization.",
    Role.DEVELOPER: "Everything in sandbox banks, keys included. Reads production without personal data.",
    Role.VIEWER: "Reads, without personal data.",
}


def may_give(actor: Actor, role: str) -> bool:
    """Whether somebody holds all that a role holds; only owners make owners, or touch them."""
    rights = RIGHTS[Role(role)]
    in_production = actor.scopes_there(is_production=True)
    holds_all = rights.scopes <= actor.scopes and rights.in_production <= in_production
    return holds_all and (role != Role.OWNER or actor.is_owner)
