"""What callers send and get about customers."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field

from ostiary.customers.models import Customer, CustomerType
from ostiary.customers.personal import PersonalData
from ostiary.web.schemas import Body, GuidText, Out, WireMoment, one_line

Label = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(one_line)]


class NewCustomer(PersonalData, Body):
    type: CustomerType
    labels: Annotated[list[Label], Field(max_length=8)] | None = None

    @property
    def personal_data(self) -> PersonalData:
        return PersonalData(**{name: getattr(self, name) for name in PersonalData.model_fields})


class CustomerChanges(Body):
    # Any text is read here: the platform answers a wrong one with a code of its own.
    state: Annotated[str, Field(max_length=64)] | None = None


class CustomerOut(PersonalData, Out):
    guid: GuidText
    bank_guid: GuidText
    type: str
    state: str
    labels: list[str] | None = None
    created_at: WireMoment
    updated_at: WireMoment

    @classmethod
    def of(cls, customer: Customer, person: PersonalData | None = None) -> Self:
        shown = {name: getattr(person, name) for name in PersonalData.model_fields} if person else {}
        return cls(
            guid=customer.guid,
            bank_guid=customer.bank_guid,
            type=customer.type,
            state=customer.state,
            labels=[label.label for label in customer.labels] or None,
            created_at=customer.created_at,
            updated_at=customer.updated_at,
            **shown,
        )
