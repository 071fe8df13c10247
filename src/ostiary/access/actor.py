"""Who is asking: a plain value that goes through every service function, whose first statement is its door."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from ostiary.access.scopes import Scope, holders
from ostiary.errors import invalid_scopes, invalid_subject


class Subject(StrEnum):
    """What a token speaks for (its `sub_type`)."""

    ORGANIZATION = "organization"
    BANK = "bank"
    # One customer of a bank, whose key made the token.
    CUSTOMER = "customer"
    # A person, in one of the organizations they belong to.
    USER = "user"
    # The command line on the server's own database: no tenant, every right.
    OPERATOR = "operator"


HOLDERS = {
    Subject.ORGANIZATION: "an organization key",
    Subject.BANK: "a bank key",
    Subject.CUSTOMER: "a customer",
    Subject.USER: "a person",
    Subject.OPERATOR: "the operator",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A token at work, be it an organization's, a bank's or a customer's, a person, or the operator."""

    subject: Subject
    # The application behind a token, or the person; the operator has none.
    guid: str = ""
    organization_guid: str = ""
    bank_guid: str = ""
    # Only of a customer's token.
    customer_guid: str = ""
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
            wanted = of_keys or subjects
            raise invalid_subject(*wanted, subject=self.subject, what_to_do=use_the_token_of(wanted))
        if scope not in self.scopes:
            raise invalid_scopes(scope, what_to_do=ask_for([scope]))

    def must_be_in_a_bank(self) -> None:
        """For what runs in the bank of a token: a bank key's, or the one that a person's login was bound to."""
        if self.subject is Subject.USER and not self.bank_guid:
            # A person could ask as well, in a login that is bound to a bank.
            advice = "Use the token of a bank key, or of a person whose login was bound to the bank."
            raise invalid_subject(Subject.BANK, subject=self.subject, what_to_do=advice)

    def must_there(self, scope: Scope, *, is_production: bool) -> None:
        """The second door, once the bank is known: a developer's rights end where production begins."""
        if not self.may_there(scope, is_production=is_production):
            raise invalid_scopes(scope, what_to_do=ask_for([scope]))


def use_the_token_of(subjects: Collection[Subject]) -> str:
    return f"Use the token of {' or of '.join(HOLDERS[subject] for subject in subjects)}."


def ask_for(scopes: Collection[str]) -> str:
    found = holders(scopes)
    if not found:
        return "No key can hold it: this is done by people, in the dashboard."
    named = " or ".join(filter(None, [", ".join(found[:-1]), found[-1]]))
    sentence = f"{named} may hold it: ask for it when you make the token."
    return sentence[:1].upper() + sentence[1:]


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whoever did something without saying who it is: for the trail only, there is nothing that it may do."""

    address: str
    subject: str = field(default="stranger", init=False)
    guid: str = field(default="", init=False)


STRANGER = Stranger("").subject
