"""Dashboard pages of customers: the list, and one customer with what the visitor may see of it."""

from ostiary.access.scopes import Scope
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers import history, recipes, service
from ostiary.customers.models import CustomerState, CustomerType
from ostiary.customers.personal import PersonalData
from ostiary.customers.queries import CustomerSearch
from ostiary.customers.schemas import CustomerOut
from ostiary.web.forms import Form
from ostiary.web.pages import BANK, Pages, View, Visit
from ostiary.web.routes import SEAL

PATH = "/customers"
HERE = "customers"
PER_PAGE = 50
TYPES = {CustomerType.INDIVIDUAL: "Individual", CustomerType.BUSINESS: "Business"}
STATES = {
    CustomerState.STORING: "It is being recorded, which takes a moment.",
    CustomerState.UNVERIFIED: "It is recorded. Nobody has checked yet who it is.",
    CustomerState.VERIFIED: "It is known who this is.",
    CustomerState.REJECTED: "It could not be confirmed who this is.",
    CustomerState.FROZEN: "Nothing may be done with it for now.",
}

pages = Pages()


@pages.get(PATH)
def list_customers(visit: Visit) -> View:
    bank = _selected_bank(visit)
    typed = {"type": visit.parameter("type"), "guid": visit.parameter("guid").strip()}
    wanted = CustomerSearch(
        type=typed["type"] if typed["type"] in set(CustomerType) else "",
        bank_guid=bank.guid if bank else "",
        guid=typed["guid"].replace("-", "").lower(),
    )
    before = visit.parameter("before")
    found = service.newest(visit.db, visit.actor, wanted, before=before, size=PER_PAGE)
    query = {name: value for name, value in typed.items() if value}
    return View(
        "customers/customers.html",
        here=HERE,
        customers=found.rows,
        bank=bank,
        banks=banks.find_all(visit.db, visit.actor, {customer.bank_guid for customer in found.rows}),
        form=Form.of(**query),
        types=TYPES,
        is_filtered=bool(query),
        everywhere=visit.link(PATH, **query, bank=None) if bank else "",
        older=visit.link(PATH, **query, before=found.older_than) if found.older_than else "",
        newest=visit.link(PATH, **query) if before else "",
        recipe=recipes.creation(visit.settings.issuer, bank),
    )


@pages.get(f"{PATH}/{{guid}}")
def show_customer(visit: Visit) -> View:
    customer = service.get(visit.db, visit.actor, visit.path["guid"])
    bank = banks.get(visit.db, visit.actor, customer.bank_guid)
    person = _person(visit, bank)
    return View(
        "customers/customer.html",
        here=HERE,
        customer=customer,
        bank=bank,
        person=person,
        is_known=person is not None and person != PersonalData(),
        meaning=STATES[CustomerState(customer.state)],
        raw=CustomerOut.of(customer, person).model_dump_json(indent=2, exclude_none=True),
        history=history.of(visit.db, visit.actor, customer),
    )


def _person(visit: Visit, bank: Bank) -> PersonalData | None:
    """Personal data for whoever may see it in this bank."""
    if not visit.actor.may_there(Scope.CUSTOMERS_PII_READ, is_production=bank.is_production):
        return None
    customer = service.get(visit.db, visit.actor, visit.path["guid"], include_pii=True)
    return service.personal_data(visit.actor, visit.shared[SEAL], customer)


def _selected_bank(visit: Visit) -> Bank | None:
    guid = visit.parameter(BANK)
    return banks.find(visit.db, visit.actor, guid) if guid else None
