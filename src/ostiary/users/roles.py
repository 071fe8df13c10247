"""Roles: which scopes a person holds in an organization, and which of them also in its production banks (DESIGN §6)."""

from typing import NamedTuple

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

# From the most to the least: nobody gives a role above their own.
RANK = (Role.OWNER, Role.ADMINISTRATOR, Role.DEVELOPER, Role.VIEWER)

MEANINGS = {
    Role.OWNER: "Everything, other owners included.",
    Role.ADMINISTRATOR: "Everything but other owners and deleting the organization.",
    Role.DEVELOPER: "Everything in sandbox banks, keys included. Reads production without personal data.",
    Role.VIEWER: "Reads, without personal data.",
}
