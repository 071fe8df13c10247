"""Personal data of customers: its shape, and what a bank that attests to identities must send."""

import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ostiary.banks.models import Bank
from ostiary.customers.models import CustomerType
from ostiary.errors import Invalid
from ostiary.web.iso_codes import COUNTRIES
from ostiary.web.schemas import one_line

Text = Annotated[str, Field(max_length=255), AfterValidator(one_line)]
CountryCode = Annotated[str, Field(min_length=2, max_length=2), AfterValidator(one_line)]
Subdivision = Annotated[str, Field(min_length=1, max_length=3), AfterValidator(one_line)]


class IdentificationType(StrEnum):
    DRIVERS_LICENSE = "drivers_license"
    PASSPORT = "passport"
    PASSPORT_CARD = "passport_card"
    VISA = "visa"
    RESIDENCE_CARD = "residence_card"
    SOCIAL_SECURITY_NUMBER = "social_security_number"
    TAX_IDENTIFICATION_NUMBER = "tax_identification_number"
    IDENTIFICATION_CARD = "identification_card"
    WORK_PERMIT = "work_permit"
    INDIGENOUS_DOCUMENT_NUMBER = "indigenous_document_number"
    NATIONAL_IDENTIFICATION_NUMBER = "national_identification_number"
    EMPLOYER_IDENTIFICATION_NUMBER = "employer_identification_number"
    BUSINESS_REGISTRATION_NUMBER = "business_registration_number"


OF_BUSINESSES = {
    IdentificationType.TAX_IDENTIFICATION_NUMBER,
    IdentificationType.EMPLOYER_IDENTIFICATION_NUMBER,
    IdentificationType.BUSINESS_REGISTRATION_NUMBER,
}
OF_PEOPLE = set(IdentificationType) - OF_BUSINESSES | {IdentificationType.TAX_IDENTIFICATION_NUMBER}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonName(_Part):
    first: Text | None = None
    middle: Text | None = None
    last: Text | None = None
    full: Text | None = None


class PostalAddress(_Part):
    street: Text
    street2: Text | None = None
    city: Text
    subdivision: Subdivision | None = None
    postal_code: Text | None = None
    country_code: CountryCode


class Alias(_Part):
    full: Text | None = None


class IdentificationNumber(_Part):
    type: IdentificationType
    issuing_country_code: CountryCode
    issuing_subdivision: Subdivision | None = None
    identification_number: Text


class PersonalData(BaseModel):
    """Everything about a customer that says who it is."""

    name: PersonName | None = None
    address: PostalAddress | None = None
    date_of_birth: dt.date | None = None
    phone_number: Text | None = None
    email_address: Text | None = None
    website: Text | None = None
    aliases: Annotated[list[Alias], Field(max_length=1)] | None = None
    identification_numbers: Annotated[list[IdentificationNumber], Field(min_length=1, max_length=10)] | None = None


def check(person: PersonalData, customer_type: CustomerType, bank: Bank) -> None:
    """Raises the refusals of wire contract §5.3 for data that is missing or cannot be right."""
    if not bank.serves(customer_type):
        raise Invalid("unsupported_value", "Bank must be configured to support customer type", status=422)
    if person.name is not None and not _is_complete(person.name, customer_type):
        raise _required("name")
    if not bank.verifies_identities:
        _check_attested(person, customer_type)
    if person.address is not None and person.address.country_code not in COUNTRIES:
        raise Invalid("invalid_value", "Address country code not supported", status=422)
    _check_identification(person.identification_numbers or [], customer_type)


def _is_complete(name: PersonName, customer_type: CustomerType) -> bool:
    if customer_type is CustomerType.BUSINESS:
        return bool(name.full)
    return bool(name.first and name.last)


def _check_attested(person: PersonalData, customer_type: CustomerType) -> None:
    is_individual = customer_type is CustomerType.INDIVIDUAL
    if person.name is None:
        raise _required("name")
    if person.address is None:
        raise _required("address")
    if person.date_of_birth is None and is_individual:
        raise _required("date of birth")
    if person.email_address is None and is_individual:
        raise _required("email address")
    if person.identification_numbers is None:
        raise _required("identification numbers")


def _check_identification(numbers: list[IdentificationNumber], customer_type: CustomerType) -> None:
    types = [number.type for number in numbers]
    if len(set(types)) != len(types):
        raise Invalid("invalid_value", "Identification number duplicate type supplied", status=422)
    if any(not number.identification_number.strip() for number in numbers):
        raise Invalid("invalid_value", "Identification number missing", status=422)
    supported = OF_BUSINESSES if customer_type is CustomerType.BUSINESS else OF_PEOPLE
    if not supported.issuperset(types):
        raise Invalid("invalid_value", "Identification number not supported", status=422)


def _required(what: str) -> Invalid:
    return Invalid("missing_parameter", f"Customer {what} required", status=422)
