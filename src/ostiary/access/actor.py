"""Who is asking: a plain value that goes through every service function, whose first statement is its door."""

from dataclasses import dataclass, field
from enum import StrEnum

from ostiary.access.scopes import Scope
from ostiary.errors import invalid_scopes, invalid_subject


class Subject(StrEnum):
    """What a token speaks for (its `sub_type`)."""

    ORGANIZATION = "organization"
    BANK = "bank"
    # The command line on the server's own database: no tenant, every right.
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A bank's or organization's token at work, or the operator."""

    subject: Subject
    # The application behind a token; the operator has none.
    guid: str = ""
    organization_guid: str = ""
    bank_guid: str = ""
    scopes: frozenset[Scope] = field(default=frozenset(), repr=False)
    address: str = ""

    @classmethod
    def operator(cls) -> "Actor":
        return cls(subject=Subject.OPERATOR, scopes=frozenset(Scope))

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def must(self, scope: Scope, *subjects: Subject) -> None:
        """The door: the kind of subject first, then the scope (DESIGN §6). Raises Unauthorized or Forbidden."""
        if subjects and self.subject not in subjects and self.subject is not Subject.OPERATOR:
            raise invalid_subject(*subjects)
        if scope not in self.scopes:
            raise invalid_scopes(scope)
