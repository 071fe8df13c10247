"""What a customer must bring depends on the bank; each refusal has the platform's own text (wire contract §5.3)."""

from collections.abc import Mapping

import pytest

from ostiary.banks.models import Bank
from ostiary.customers import personal
from ostiary.customers.models import CustomerType
from ostiary.customers.personal import PersonalData
from ostiary.customers.schemas import NewCustomer
from ostiary.errors import Invalid
from ostiary.web.schemas import read_as

VERIFYING = Bank(features=["kyc_identity_verifications", "individual_customers", "business_customers"])
ATTESTING = Bank(features=["attestation_identity_records", "individual_customers", "business_customers"])
FOR_PEOPLE = Bank(features=["kyc_identity_verifications", "individual_customers"])
FOR_BUSINESSES = Bank(features=["kyc_identity_verifications", "business_customers"])

PASSPORT = {"type": "passport", "issuing_country_code": "GB", "identification_number": "12345678"}
TAX = {"type": "tax_identification_number", "issuing_country_code": "US", "identification_number": "12-3456789"}
LICENCE = PASSPORT | {"type": "drivers_license"}
REGISTER = TAX | {"type": "business_registration_number"}
HOME = {"street": "1 High St", "city": "Boston", "country_code": "US"}
ADA = {
    "name": {"first": "Ada", "last": "King"},
    "address": HOME,
    "date_of_birth": "1985-12-10",
    "email_address": "ada@example.com",
    "identification_numbers": [PASSPORT],
}
COMPANY = {"name": {"full": "Engines Ltd"}, "address": HOME, "identification_numbers": [TAX]}


def check(bank: Bank, type_: str, sent: Mapping[str, object]) -> None:
    new = read_as(NewCustomer, type=type_, **sent).read()
    personal.check(new.personal_data, CustomerType(type_), bank)


def assert_refused(bank: Bank, type_: str, sent: Mapping[str, object], code: str, text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check(bank, type_, sent)
    assert refusal.value.body == {"status": 422, "error_message": text, "message_code": code}


@pytest.mark.parametrize("type_", CustomerType)
def test_needs_nothing_but_the_type_where_the_platform_verifies(type_: str) -> None:
    check(VERIFYING, type_, {})


def test_takes_whoever_brings_everything_to_a_bank_that_attests() -> None:
    check(ATTESTING, "individual", ADA)
    check(ATTESTING, "business", COMPANY)


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ("name", "Customer name required"),
        ("address", "Customer address required"),
        ("date_of_birth", "Customer date of birth required"),
        ("email_address", "Customer email address required"),
        ("identification_numbers", "Customer identification numbers required"),
    ],
)
def test_names_what_a_person_did_not_bring(member: str, text: str) -> None:
    lacking = {name: value for name, value in ADA.items() if name != member}
    for sent in (lacking, {**lacking, member: None}):
        assert_refused(ATTESTING, "individual", sent, "missing_parameter", text)
        check(VERIFYING, "individual", sent)


@pytest.mark.parametrize("member", COMPANY)
def test_names_what_a_business_did_not_bring(member: str) -> None:
    lacking = {name: value for name, value in COMPANY.items() if name != member}
    text = f"Customer {member.replace('_', ' ')} required"
    assert_refused(ATTESTING, "business", lacking, "missing_parameter", text)


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("individual", {"first": "Ada"}),
        ("individual", {"last": "King"}),
        ("individual", {"first": "", "last": "King"}),
        ("individual", {"full": "Ada King"}),
        ("business", {"first": "Ada", "last": "King"}),
        ("business", {}),
    ],
)
def test_wants_a_whole_name_or_none(type_: str, name: dict[str, str]) -> None:
    for bank in (VERIFYING, ATTESTING):
        whole = ADA if type_ == "individual" else COMPANY
        assert_refused(bank, type_, {**whole, "name": name}, "missing_parameter", "Customer name required")


@pytest.mark.parametrize(("bank", "type_"), [(FOR_PEOPLE, "business"), (FOR_BUSINESSES, "individual")])
def test_takes_only_whom_the_bank_serves(bank: Bank, type_: str) -> None:
    text = "Bank must be configured to support customer type"
    assert_refused(bank, type_, {}, "unsupported_value", text)


@pytest.mark.parametrize(
    ("type_", "numbers", "text"),
    [
        ("individual", [PASSPORT, PASSPORT], "Identification number duplicate type supplied"),
        ("individual", [PASSPORT | {"identification_number": ""}], "Identification number missing"),
        ("individual", [PASSPORT | {"identification_number": "  "}], "Identification number missing"),
        ("individual", [REGISTER], "Identification number not supported"),
        ("business", [PASSPORT], "Identification number not supported"),
    ],
)
def test_refuses_identification_that_cannot_be_right(type_: str, numbers: list[object], text: str) -> None:
    whole = ADA if type_ == "individual" else COMPANY
    assert_refused(ATTESTING, type_, {**whole, "identification_numbers": numbers}, "invalid_value", text)


def test_takes_several_kinds_of_identification() -> None:
    check(ATTESTING, "individual", {**ADA, "identification_numbers": [PASSPORT, LICENCE, TAX]})
    check(ATTESTING, "business", {**COMPANY, "identification_numbers": [TAX, REGISTER]})


def test_knows_the_countries_there_are() -> None:
    nowhere = {**ADA, "address": HOME | {"country_code": "XX"}}
    assert_refused(VERIFYING, "individual", nowhere, "invalid_value", "Address country code not supported")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("labels", ["x"] * 9),
        ("labels", [""]),
        ("labels", ["x" * 65]),
        ("identification_numbers", []),
        ("identification_numbers", [PASSPORT] * 11),
        ("identification_numbers", [PASSPORT | {"type": "library_card"}]),
        ("aliases", [{"full": "a"}, {"full": "b"}]),
        ("address", {"street": "1 High St", "city": "Boston"}),
        ("address", HOME | {"country_code": "USA"}),
        ("address", HOME | {"subdivision": "MASS"}),
        ("date_of_birth", "yesterday"),
        ("email_address", "x" * 256),
        ("email_address", "a\r\nb"),
        ("state", "verified"),
        ("guid", "0" * 32),
    ],
)
def test_reads_no_customer_of_another_shape(member: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        read_as(NewCustomer, type="individual", **{member: value}).read()
    assert refusal.value.status == 400
    assert member in refusal.value.error_message


def test_keeps_personal_data_apart_from_the_rest() -> None:
    new = read_as(NewCustomer, type="individual", labels=["vip"], **ADA).read()
    assert new.personal_data.model_dump(exclude_none=True, mode="json") == ADA
    assert set(NewCustomer.model_fields) - set(PersonalData.model_fields) == {"type", "labels"}
