"""Roles in the words of the published contract, where people have no role but a list of scopes."""

from collections.abc import Collection

from ostiary.access.scopes import Scope
from ostiary.errors import Invalid
from ostiary.users.models import Role
from ostiary.users.roles import RIGHTS

# Named there beside the scopes of the platform. They say who somebody is, and no role gives or takes that.
OF_IDENTITY = ("openid", "profile", "email")
NAMES = tuple(sorted({*map(str, Scope), *OF_IDENTITY}))
# From the largest down. An owner holds what an administrator holds, so only the word makes one.
BY_SIZE = (Role.ADMINISTRATOR, Role.DEVELOPER, Role.VIEWER)


def of(role: str) -> list[str]:
    """What somebody with this role holds somewhere; in production banks it may be less."""
    return sorted(RIGHTS[Role(role)].scopes)


def role_for(asked: Collection[str], present: str = "") -> Role:
    """The largest role that holds nothing beyond what was asked for; raises Invalid when even the smallest does."""
    wanted = set(asked)
    fitting = [role for role in BY_SIZE if RIGHTS[role].scopes <= wanted]
    if not fitting:
        raise _no_role_for(wanted)
    # Whoever sends back what was shown changes nothing.
    if present and RIGHTS[Role(present)].scopes == RIGHTS[fitting[0]].scopes:
        return Role(present)
    return fitting[0]


def _no_role_for(wanted: set[str]) -> Invalid:
    missing = {str(role): sorted(RIGHTS[role].scopes - wanted) for role in BY_SIZE}
    smallest = BY_SIZE[-1]
    message = (
        f"No role holds only these scopes. Send `role` instead of `allowed_scopes`, or add what the smallest one, "
        f"{smallest}, also holds: {', '.join(missing[smallest])}"
    )
    return Invalid("unsupported_value", message, status=422, missing_scopes=missing)
