"""What can be done with customers."""

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.banks import queries as banks
from ostiary.crypto import guids
from ostiary.crypto.sealing import Seal
from ostiary.customers import personal, queries
from ostiary.customers.models import Customer, CustomerLabel, CustomerState
from ostiary.customers.personal import PersonalData
from ostiary.customers.queries import CustomerFilter, CustomerSearch
from ostiary.customers.schemas import CustomerChanges, NewCustomer
from ostiary.db.pages import Page
from ostiary.db.stretches import Stretch
from ostiary.errors import Invalid, NotFound
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.web.idempotency import ALWAYS_NEW, Once
from ostiary.web.schemas import Sent


def create(db: Session, actor: Actor, seal: Seal, sent: Sent[NewCustomer], once: Once = ALWAYS_NEW) -> Customer:
    """In the bank of the token, whatever the request says. The customer is `storing` until its event was worked on."""
    actor.must(Scope.CUSTOMERS_EXECUTE, Subject.BANK, Subject.USER)
    actor.must_be_in_a_bank()
    try:
        bank = banks.get(db, actor, actor.bank_guid)
    except NotFound as error:
        raise Invalid("unknown_bank", "Bank not found", status=422) from error
    actor.must_there(Scope.CUSTOMERS_EXECUTE, is_production=bank.is_production)
    earlier = once.earlier(db, actor, is_shown_once=False)
    if earlier is not None:
        return queries.get(db, actor, earlier)
    new = sent.read()
    person = new.personal_data
    personal.check(person, new.type, bank)
    guid = guids.new()
    text = person.model_dump_json(exclude_none=True)
    customer = Customer(
        guid=guid,
        bank_guid=bank.guid,
        organization_guid=bank.organization_guid,
        type=new.type,
        personal_data_sealed=None if text == "{}" else seal.close(text.encode(), guid),
        # A label twice is a label once.
        labels=[CustomerLabel(position=i, label=label) for i, label in enumerate(dict.fromkeys(new.labels or []))],
    )
    db.add(customer)
    _record(db, actor, EventType.CUSTOMER_CREATED, customer, bank.organization_guid, type=customer.type)
    once.made(db, actor, customer.guid)
    return customer


def get(db: Session, actor: Actor, guid: str, *, include_pii: bool = False) -> Customer:
    actor.must(Scope.CUSTOMERS_READ, Subject.BANK, Subject.ORGANIZATION, Subject.USER)
    _must_see_people(actor, include_pii=include_pii)
    customer = queries.get(db, actor, guid)
    if include_pii:
        bank = banks.get(db, actor, customer.bank_guid)
        actor.must_there(Scope.CUSTOMERS_PII_READ, is_production=bank.is_production)
    return customer


def newest(db: Session, actor: Actor, wanted: CustomerSearch, *, before: str, size: int) -> Stretch[Customer]:
    actor.must(Scope.CUSTOMERS_READ, Subject.USER)
    return queries.newest(db, actor, wanted, before=before, size=size)


def page(
    db: Session, actor: Actor, wanted: CustomerFilter, page: int, per_page: int, *, include_pii: bool = False
) -> Page[Customer]:
    actor.must(Scope.CUSTOMERS_READ, Subject.BANK, Subject.ORGANIZATION, Subject.USER)
    _must_see_people(actor, include_pii=include_pii)
    if include_pii:
        # A list may hold customers of production banks, so whoever may not see those gets none with personal data.
        actor.must_there(Scope.CUSTOMERS_PII_READ, is_production=True)
    if actor.subject is Subject.BANK:
        # The token decides the bank; a filter for another one is as if it had not been sent.
        wanted = CustomerFilter(wanted.types, None, wanted.guids, wanted.labels)
    return queries.page(db, actor, wanted, page, per_page)


def update(db: Session, actor: Actor, guid: str, sent: Sent[CustomerChanges]) -> Customer:
    """Back to `unverified`, the only state a caller may set."""
    actor.must(Scope.CUSTOMERS_WRITE, Subject.ORGANIZATION, Subject.BANK, Subject.USER)
    customer = queries.get(db, actor, guid)
    bank = banks.get(db, actor, customer.bank_guid)
    actor.must_there(Scope.CUSTOMERS_WRITE, is_production=bank.is_production)
    if sent.read().state not in {None, CustomerState.UNVERIFIED}:
        raise Invalid("invalid_parameter", "Invalid state")
    if customer.state != CustomerState.UNVERIFIED:
        before, customer.state = customer.state, CustomerState.UNVERIFIED
        change = [before, customer.state]
        _record(db, actor, EventType.CUSTOMER_UPDATED, customer, bank.organization_guid, state=change)
    return customer


def personal_data(actor: Actor, seal: Seal, customer: Customer) -> PersonalData:
    actor.must(Scope.CUSTOMERS_PII_READ)
    if customer.personal_data_sealed is None:
        return PersonalData()
    return PersonalData.model_validate_json(seal.open(customer.personal_data_sealed, customer.guid))


def _must_see_people(actor: Actor, *, include_pii: bool) -> None:
    if include_pii:
        actor.must(Scope.CUSTOMERS_PII_READ)


def _record(
    db: Session, actor: Actor, event_type: EventType, customer: Customer, organization_guid: str, **facts: object
) -> None:
    record(
        db,
        actor,
        event_type,
        customer.guid,
        organization_guid=organization_guid,
        bank_guid=customer.bank_guid,
        **facts,
    )
