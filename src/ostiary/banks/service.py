"""What can be done with banks."""

from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.banks import queries, rules
from ostiary.banks.merging import Seen, merged
from ostiary.banks.models import Bank, BankType
from ostiary.banks.queries import BankFilter
from ostiary.banks.schemas import BankChanges, NewBank
from ostiary.crypto import guids
from ostiary.db.pages import Page
from ostiary.db.stretches import Stretch
from ostiary.errors import Forbidden, Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.organizations import queries as organizations
from ostiary.web.idempotency import ALWAYS_NEW, Once
from ostiary.web.schemas import Sent

CHANGEABLE = ("name", "supported_trading_symbols", "cors_allowed_origins")


def must_be_creator(actor: Actor) -> None:
    """For whoever asks for the form of a new bank."""
    actor.must(Scope.BANKS_EXECUTE, Subject.USER)


def create(
    db: Session,
    actor: Actor,
    organization_guid: str,
    sent: Sent[NewBank],
    form_digest: bytes | None = None,
    once: Once = ALWAYS_NEW,
) -> Bank:
    actor.must(Scope.BANKS_EXECUTE, Subject.ORGANIZATION, Subject.USER)
    earlier = once.earlier(db, actor, is_shown_once=False)
    if earlier is not None:
        return queries.get(db, actor, earlier)
    organization = organizations.get(db, actor, organization_guid)
    new = sent.read()
    if new.type is not BankType.SANDBOX and actor.subject is not Subject.OPERATOR:
        raise Invalid("invalid_value", 'Invalid value exception. Parameter: type supported values: ["sandbox"]')
    rules.check_new(new)
    bank = Bank(
        guid=guids.new(),
        organization_guid=organization.guid,
        name=new.name,
        type=new.type,
        features=list(new.features),
        supported_country_codes=new.supported_country_codes,
        supported_fiat_account_assets=new.supported_fiat_account_assets,
        supported_trading_symbols=new.supported_trading_symbols,
        cors_allowed_origins=new.cors_allowed_origins or [],
        form_digest=form_digest,
    )
    db.add(bank)
    _record(db, actor, EventType.BANK_CREATED, bank, name=bank.name, type=bank.type)
    once.made(db, actor, bank.guid)
    return bank


def get(db: Session, actor: Actor, guid: str) -> Bank:
    actor.must(Scope.BANKS_READ, Subject.BANK, Subject.ORGANIZATION, Subject.USER)
    return queries.get(db, actor, guid)


def find_made_by(db: Session, actor: Actor, form_digest: bytes) -> Bank | None:
    """The bank that a form has made already."""
    actor.must(Scope.BANKS_EXECUTE, Subject.USER)
    return queries.find_by_form(db, actor, form_digest)


def newest(db: Session, actor: Actor, search: str, *, before: str, size: int) -> Stretch[Bank]:
    actor.must(Scope.BANKS_READ, Subject.USER)
    return queries.newest(db, actor, search, before=before, size=size)


def page(db: Session, actor: Actor, wanted: BankFilter, page: int, per_page: int) -> Page[Bank]:
    actor.must(Scope.BANKS_READ, Subject.BANK, Subject.ORGANIZATION, Subject.USER)
    return queries.page(db, actor, wanted, page, per_page)


def to_change(db: Session, actor: Actor, guid: str) -> Bank:
    """The bank, for somebody who may change it."""
    actor.must(Scope.BANKS_WRITE, Subject.USER)
    bank = queries.get(db, actor, guid)
    actor.must_there(Scope.BANKS_WRITE, is_production=bank.is_production)
    return bank


def update(db: Session, actor: Actor, guid: str, sent: Sent[BankChanges], seen: Seen | None = None) -> Bank:
    actor.must(Scope.BANKS_WRITE, Subject.BANK, Subject.ORGANIZATION, Subject.USER)
    bank = queries.get_to_change(db, actor, guid)
    actor.must_there(Scope.BANKS_WRITE, is_production=bank.is_production)
    changes = sent.read() if seen is None else merged(bank, sent.read(), seen)
    if changes.supported_payout_symbols:
        raise rules.unsupported("Payout symbol not supported")
    if changes.supported_trading_symbols is not None:
        rules.check_trading_symbols(changes.supported_trading_symbols, bank.supported_fiat_account_assets)
    rules.check_origins(changes.cors_allowed_origins or [])
    facts: dict[str, object] = {}
    for name in CHANGEABLE:
        before, after = getattr(bank, name), getattr(changes, name)
        if after is not None and after != before:
            facts[name] = [before, after]
            setattr(bank, name, after)
    if facts:
        _record(db, actor, EventType.BANK_UPDATED, bank, **facts)
    return bank


def to_promote(db: Session, actor: Actor, guid: str, *, owners_may: bool) -> Bank:
    """The bank, for somebody who may switch it to production."""
    actor.must(Scope.BANKS_EXECUTE, Subject.USER)
    bank = queries.get(db, actor, guid)
    _must_be_promoter(actor, owners_may=owners_may)
    return bank


def promote(db: Session, actor: Actor, guid: str, *, owners_may: bool = False) -> Bank:
    """Switch a sandbox bank to production: from now on its keys need address lists and its tokens live shorter.

    The operator may, and an owner where the server's settings say so.
    """
    actor.must(Scope.BANKS_EXECUTE, Subject.USER)
    bank = queries.get_to_change(db, actor, guid)
    _must_be_promoter(actor, owners_may=owners_may)
    if not bank.is_production:
        bank.type = BankType.PRODUCTION
        _record(db, actor, EventType.BANK_UPDATED, bank, type=[BankType.SANDBOX, BankType.PRODUCTION])
    return bank


def close(db: Session, actor: Actor, guid: str) -> Bank:
    """Refuse every key and token of the bank from now on; nothing is deleted."""
    actor.must(Scope.BANKS_EXECUTE, Subject.OPERATOR)
    bank = queries.get(db, actor, guid)
    if bank.closed_at is None:
        bank.closed_at = clock.now()
        _record(db, actor, EventType.BANK_UPDATED, bank, closed=True)
    return bank


def reopen(db: Session, actor: Actor, guid: str) -> Bank:
    """Let the bank's keys, and tokens that have not expired, work again."""
    actor.must(Scope.BANKS_EXECUTE, Subject.OPERATOR)
    bank = queries.get(db, actor, guid)
    if bank.closed_at is not None:
        bank.closed_at = None
        _record(db, actor, EventType.BANK_UPDATED, bank, closed=False)
    return bank


def _must_be_promoter(actor: Actor, *, owners_may: bool) -> None:
    if rules.may_promote(actor, owners_may=owners_may):
        return
    if owners_may:
        raise Forbidden("forbidden", "Production is switched on by an owner of the organization")
    raise Forbidden("forbidden", "Production is switched on by the server's operator: ostiary banks promote")


def _record(db: Session, actor: Actor, event_type: EventType, bank: Bank, **facts: object) -> None:
    record(
        db,
        actor,
        event_type,
        bank.guid,
        organization_guid=bank.organization_guid,
        bank_guid=bank.guid,
        **facts,
    )
