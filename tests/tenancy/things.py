"""What the tenancy tests talk about: things and their owners, callers, requests, and answers to expect."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Self

from ostiary.applications.credentials import new_client_id
from ostiary.crypto import guids

# A guid or a client id.
NAME = re.compile(r"\b(?:[0-9a-f]{32}|ostid_[0-9A-Za-z]{38})\b")

ORGANIZATION, BANK, CUSTOMER, USER = "organization", "bank", "customer", "user"


class Kind(StrEnum):
    ORGANIZATION = "organization"
    BANK = "bank"
    CUSTOMER = "customer"
    ORGANIZATION_KEY = "organization key"
    BANK_KEY = "bank key"
    USER = "user"


class Owner(NamedTuple):
    """Whose something is: an organization's own, or of one of its banks, or of one customer."""

    organization_guid: str
    bank_guid: str = ""
    customer_guid: str = ""

    @property
    def bank(self) -> Self:
        """The bank, or the organization, whose customer it is."""
        return self._replace(customer_guid="")


@dataclass(frozen=True)
class Thing:
    kind: Kind
    guid: str
    organization_guid: str
    bank_guid: str = ""
    client_id: str = ""
    # Members of its JSON; those about people are shown on request only.
    shown: Mapping[str, object] = field(default_factory=dict)
    people: Mapping[str, object] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    # Or gone altogether: nobody finds it any more.
    is_revoked: bool = False

    @property
    def owner(self) -> Owner:
        bank_guid = self.guid if self.kind is Kind.BANK else self.bank_guid
        return Owner(self.organization_guid, bank_guid, self.guid if self.kind is Kind.CUSTOMER else "")

    @property
    def names(self) -> set[str]:
        return {self.guid, self.client_id} - {""}

    def as_shown(self, *, with_people: bool) -> Mapping[str, object]:
        """None stands for a member that must not be there."""
        people = self.people if with_people else dict.fromkeys(self.people)
        return {**({"guid": self.guid} if self.guid else {}), **self.shown, **people}


@dataclass(frozen=True)
class Caller:
    """Whoever asks: the token of an organization, of one bank, of one customer or of a person, and its scopes."""

    subject: str
    # Of a person: the organization, and the bank that the login is bound to.
    owner: Owner
    scopes: frozenset[str]
    # Of a person: the membership, and what it is.
    guid: str = ""
    is_owner: bool = False
    is_out: bool = False
    sees_people_everywhere: bool = True

    def sees(self, owner: Owner | None) -> bool:
        """The closure: a bank's token reaches its bank alone, a customer's what is the customer's own.

        Everybody else reaches everything of their organization.
        """
        if owner is None:
            return False
        if self.subject in {ORGANIZATION, USER}:
            return owner.organization_guid == self.owner.organization_guid
        return (owner.bank if self.subject == BANK else owner) == self.owner


@dataclass(frozen=True)
class Request:
    # Method and path; `name` takes the place of what stands in braces.
    operation: str
    name: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None

    @property
    def method(self) -> str:
        return self.operation.partition(" ")[0]

    @property
    def text(self) -> str:
        """Everything that could name something."""
        return " ".join([self.name, *self.query.values(), *map(str, (self.body or {}).values())])

    def with_names(self, others: Mapping[str, str]) -> Self:
        def of(said: object) -> object:
            return with_names(said, others) if isinstance(said, str) else said

        query = {parameter: str(of(value)) for parameter, value in self.query.items()}
        body = None if self.body is None else {member: of(value) for member, value in self.body.items()}
        return replace(self, name=str(of(self.name)), query=query, body=body)


@dataclass(frozen=True)
class Expected:
    status: int
    code: str = ""
    objects: tuple[Mapping[str, object], ...] = ()
    # Only lists say how long they are.
    total: int | None = None
    # What a write leaves behind; a new thing has no guid yet.
    leaves: Thing | None = None


def names_in(text: str) -> set[str]:
    return set(NAME.findall(text))


def with_names(text: str, others: Mapping[str, str]) -> str:
    for name, other in others.items():
        text = text.replace(name, other)
    return text


def nobody_like(name: str) -> str:
    """A name of the same kind that never existed."""
    return new_client_id() if name.startswith("ostid_") else guids.new()
