"""Who is asking: a plain value that goes through every service function, whose first statement is its door."""

from dataclasses import dataclass, field
from enum import StrEnum

from ostiary.access.scopes import Scope
from ostiary.errors import invalid_scopes, invalid_subject


class Subject(StrEnum):
    """What a token speaks for (its `sub_type`)."""

    ORGANIZATION = "organization"
    BANK = "bank"
    # A person, in one of the organizations they belong to.
    USER = "user"
    # The command line on the server's own database: no tenant, every right.
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A bank's or organization's token at work, a person, or the operator."""

    subject: Subject
    # The application behind a token, or the person; the operator has none.
    guid: str = ""
    organization_guid: str = ""
    bank_guid: str = ""
    # What is held somewhere; a person may hold less of it in production banks.
    scopes: frozenset[Scope] = field(default=frozenset(), repr=False)
    scopes_in_production: frozenset[Scope] | None = field(default=None, repr=False)
    is_owner: bool = False
    address: str = ""

    @classmethod
    def operator(cls) -> "Actor":
        return cls(subject=Subject.OPERATOR, scopes=frozenset(Scope), is_owner=True)

    def scopes_there(self, *, is_production: bool) -> frozenset[Scope]:
        """What is held in a bank of this type."""
        if is_production and self.scopes_in_production is not None:
            return self.scopes_in_production
        return self.scopes

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def may_there(self, scope: Scope, *, is_production: bool) -> bool:
        return scope in self.scopes_there(is_production=is_production)

    def must(self, scope: Scope, *subjects: Subject) -> None:
        """The door: the kind of subject first, then the scope (DESIGN §6). Raises Unauthorized or Forbidden."""
        if subjects and self.subject not in subjects and self.subject is not Subject.OPERATOR:
            # The published texts name the subjects of keys, and people only where no key will do.
            of_keys = [subject for subject in subjects if subject is not Subject.USER]
            raise invalid_subject(*(of_keys or subjects))
        if scope not in self.scopes:
            raise invalid_scopes(scope)

    def must_there(self, scope: Scope, *, is_production: bool) -> None:
        """The second door, once the bank is known: a developer's rights end where production begins."""
        if not self.may_there(scope, is_production=is_production):
            raise invalid_scopes(scope)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whoever did something without saying who it is: for the trail only, there is nothing that it may do."""

    address: str
    subject: str = field(default="stranger", init=False)
    guid: str = field(default="", init=False)


STRANGER = Stranger("").subject
