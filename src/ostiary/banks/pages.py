"""Dashboard pages of banks: the list, a new one, one bank with everything it has, and what of it can be changed."""

from typing import Any

from ostiary.access.scopes import Scope
from ostiary.banks import bank_form, rules, service
from ostiary.banks.catalog import TRADED_ASSETS
from ostiary.banks.merging import Seen
from ostiary.banks.models import Bank
from ostiary.banks.schemas import BankChanges
from ostiary.web.forms import Form
from ostiary.web.iso_names import COUNTRY_NAMES, CURRENCY_NAMES
from ostiary.web.pages import Go, Pages, View, Visit
from ostiary.web.schemas import read_as

PATH = "/banks"
HERE = "banks"
PER_PAGE = 50

pages = Pages()


@pages.get(PATH)
def list_banks(visit: Visit) -> View:
    search, before = visit.parameter("search").strip(), visit.parameter("before")
    found = service.newest(visit.db, visit.actor, search, before=before, size=PER_PAGE)
    if visit.request.headers.get("hx-request") == "true":
        # The bank selector looks for one that it does not list; choosing it leads back to the page it stands on.
        return View("frame/choices.html", here=visit.parameter("here"), banks=found.rows)
    query = {"search": search} if search else {}
    return View(
        "banks/banks.html",
        here=HERE,
        banks=found.rows,
        form=Form.of(search=search),
        countries=COUNTRY_NAMES,
        older=visit.link(PATH, **query, before=found.older_than) if found.older_than else "",
        newest=visit.link(PATH, **query) if before else "",
        may_create=visit.actor.may(Scope.BANKS_EXECUTE),
    )


@pages.get(f"{PATH}/new")
def new_bank(visit: Visit) -> View:
    service.must_be_creator(visit.actor)
    return View("banks/new_bank.html", here=HERE, **bank_form.offered(visit))


@pages.post(f"{PATH}/new", again=new_bank)
def create_bank(visit: Visit) -> Go:
    bank, is_new = bank_form.create(visit)
    return Go(f"{PATH}/{bank.guid}?bank={bank.guid}", done="bank-created" if is_new else "bank-was-created")


@pages.get(f"{PATH}/{{guid}}")
def show_bank(visit: Visit) -> View:
    bank = service.get(visit.db, visit.actor, visit.path["guid"])
    return View(
        "banks/bank.html",
        here=HERE,
        bank=bank,
        may_edit=visit.actor.may_there(Scope.BANKS_WRITE, is_production=bank.is_production),
        may_promote=rules.may_promote(visit.actor, owners_may=visit.settings.owners_may_promote),
        owners_may_promote=visit.settings.owners_may_promote,
        **_words_for(bank),
    )


@pages.get(f"{PATH}/{{guid}}/edit")
def edit_bank(visit: Visit) -> View:
    bank = service.to_change(visit.db, visit.actor, visit.path["guid"])
    quotes = bank.supported_fiat_account_assets
    symbols = {f"{asset}-{quote}" for asset in TRADED_ASSETS for quote in quotes}.union(bank.supported_trading_symbols)
    form = visit.form.or_usual(
        name=bank.name,
        supported_trading_symbols=bank.supported_trading_symbols,
        cors_allowed_origins="\n".join(bank.cors_allowed_origins),
    )
    return View(
        "banks/edit_bank.html",
        here=HERE,
        bank=bank,
        form=form,
        origins_hint=bank_form.ORIGINS_HINT,
        symbols=[(symbol, symbol) for symbol in sorted(symbols)],
        **_words_for(bank),
    )


@pages.post(f"{PATH}/{{guid}}/edit", again=edit_bank)
def update_bank(visit: Visit) -> Go:
    form, guid = visit.form, visit.path["guid"]
    changes = read_as(
        BankChanges,
        name=form.value("name"),
        supported_trading_symbols=form.values("supported_trading_symbols"),
        cors_allowed_origins=form.lines("cors_allowed_origins"),
    )
    seen = Seen(form.value("name_seen"), form.lines("supported_trading_symbols_seen"), form.lines("origins_seen"))
    service.update(visit.db, visit.actor, guid, changes, seen)
    return Go(visit.link(f"{PATH}/{guid}"), done="bank-updated")


def _words_for(bank: Bank) -> dict[str, Any]:
    """Codes of a bank, as a person reads them."""
    return {
        "countries": [f"{COUNTRY_NAMES.get(code, code)} ({code})" for code in bank.supported_country_codes],
        "currencies": [f"{CURRENCY_NAMES.get(code, code)} ({code})" for code in bank.supported_fiat_account_assets],
        "features": [words for feature, words in bank_form.FEATURES.items() if feature in bank.features],
    }
