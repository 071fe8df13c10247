"""What people send about themselves and each other."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from ostiary.users import passwords
from ostiary.users.models import EMAIL_LETTERS, Role
from ostiary.web.schemas import Body, NameText, one_line

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


class MembershipChanges(Body):
    role: Role
