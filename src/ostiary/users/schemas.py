"""What people send about themselves and each other, and what programs send and get about people."""

import datetime as dt
import re
import unicodedata
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from ostiary.errors import Invalid
from ostiary.users import allowed_scopes, passwords
from ostiary.users.models import EMAIL_LETTERS, Membership, Role
from ostiary.web.schemas import Body, GuidText, NameText, Out, WireMoment, one_line

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\Z")


def folded(email: str) -> str:
    """One spelling for every way in which people write their address."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def _address(email: str) -> str:
    if not ADDRESS.match(email):
        raise ValueError("must look like name@example.com")
    return email


def _folded(given: object) -> object:
    return folded(given) if isinstance(given, str) else given


Email = Annotated[
    str,
    Field(max_length=EMAIL_LETTERS),
    BeforeValidator(_folded),
    AfterValidator(one_line),
    AfterValidator(_address),
]


class NewAccount(Body):
    """Somebody whom the operator lets in; the password is theirs to choose."""

    email: Email
    name: NameText


class NewPerson(Body):
    """Somebody who signs up, or is let in by a link that says which address is meant."""

    email: Email
    name: NameText
    password: str = Field(repr=False)

    @field_validator("password")
    @classmethod
    def _is_acceptable(cls, password: str, info: ValidationInfo) -> str:
        return passwords.acceptable(password, info.data.get("email", ""), info.data.get("name", ""))


class PasswordChange(Body):
    # What the password must not be made of, filled in by us.
    mine: tuple[str, ...] = ()
    password: str = Field(repr=False)

    @field_validator("password")
    @classmethod
    def _is_acceptable(cls, password: str, info: ValidationInfo) -> str:
        return passwords.acceptable(password, *info.data.get("mine", ()))


class NewInvitation(Body):
    email: Email
    role: Role

    def chosen_role(self) -> Role:
        return self.role


class MembershipChanges(Body):
    role: Role

    def chosen_role(self, _present: str) -> Role:
        return self.role


def _known(name: str) -> str:
    if name not in allowed_scopes.NAMES:
        raise ValueError("must be the name of a scope of the platform")
    return name


AllowedScope = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(allowed_scopes.NAMES)})
]
AllowedScopes = Annotated[list[AllowedScope], Field(min_length=1, max_length=len(allowed_scopes.NAMES))]


class RoleOrScopes(Body):
    """A role in our word for it, or in the contract's: the scopes that somebody may use."""

    allowed_scopes: AllowedScopes | None = None
    role: Role | None = None

    def said(self, present: str = "") -> Role | None:
        """None when neither was sent; raises Invalid."""
        if self.role is not None and self.allowed_scopes is not None:
            raise Invalid("invalid_parameter", "Send role or allowed_scopes, not both")
        return allowed_scopes.role_for(self.allowed_scopes, present) if self.allowed_scopes is not None else self.role


class NewUser(RoleOrScopes):
    email: Email

    def chosen_role(self) -> Role:
        return self.said() or Role.VIEWER


class UserChanges(RoleOrScopes):
    def chosen_role(self, present: str) -> Role:
        role = self.said(present)
        if role is None:
            raise Invalid("missing_parameter", "Missing parameter. Required: allowed_scopes")
        return role


class UserOut(Out):
    guid: GuidText
    # Of those who have an account here; an invitation knows an address only.
    username: str | None = None
    email: str
    role: str
    allowed_scopes: list[str]
    state: str
    created_at: WireMoment
    updated_at: WireMoment

    @classmethod
    def of(cls, membership: Membership) -> Self:
        return cls(**_members(membership))


class InvitedUserOut(UserOut):
    invite_url: str = Field(
        repr=False, description="Works once, for the address it was made for. It is shown here and nowhere else."
    )
    invite_expires_at: WireMoment

    @classmethod
    def with_link(cls, membership: Membership, invite_url: str, expires_at: dt.datetime) -> Self:
        return cls(**_members(membership), invite_url=invite_url, invite_expires_at=expires_at)


def _members(membership: Membership) -> dict[str, Any]:
    return {
        "guid": membership.guid,
        "username": membership.user.name if membership.user is not None else None,
        "email": membership.email,
        "role": membership.role,
        "allowed_scopes": allowed_scopes.of(membership.role),
        "state": membership.standing,
        "created_at": membership.created_at,
        "updated_at": membership.updated_at,
    }
