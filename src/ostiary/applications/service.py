"""What can be done with applications, which are key pairs."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import Scope
from ostiary.applications import queries, secrets
from ostiary.applications.credentials import Digester, new_client_id, new_secret
from ostiary.applications.merging import Seen, merged
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.rights import must_hold_all
from ostiary.applications.schemas import ApplicationChanges, NewApplication
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.crypto import guids
from ostiary.db.pages import Page
from ostiary.errors import Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.organizations import queries as organizations
from ostiary.web.schemas import Sent


@dataclass(frozen=True)
class KeyPair:
    """A new application and its secret in clear, the only time it is to be had."""

    application: Application
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair({self.application.client_id}, ***)"


@dataclass(frozen=True)
class Origin:
    """Where a new key comes from: the form that asked for it, and the key it takes over from."""

    form_digest: bytes | None = None
    replaces_guid: str | None = None


NOWHERE = Origin()


def create_for_organization(
    db: Session,
    actor: Actor,
    digester: Digester,
    organization_guid: str,
    sent: Sent[NewApplication],
    origin: Origin = NOWHERE,
) -> KeyPair:
    actor.must(ApplicationKind.ORGANIZATION.executes, Subject.USER)
    organization = organizations.get(db, actor, organization_guid)
    must_hold_all(actor, ApplicationKind.ORGANIZATION, is_production=True)
    _refuse_a_repeat(db, actor, origin)
    return _create(db, actor, digester, sent.read(), organization.guid, None, origin)


def create_for_bank(
    db: Session,
    actor: Actor,
    digester: Digester,
    bank_guid: str,
    sent: Sent[NewApplication],
    origin: Origin = NOWHERE,
) -> KeyPair:
    actor.must(ApplicationKind.BANK.executes, Subject.USER)
    bank = banks.get(db, actor, bank_guid)
    actor.must_there(ApplicationKind.BANK.executes, is_production=bank.is_production)
    must_hold_all(actor, ApplicationKind.BANK, is_production=bank.is_production)
    _refuse_a_repeat(db, actor, origin)
    new = sent.read()
    if bank.is_production and not new.ip_allowlist:
        raise _addresses_required()
    return _create(db, actor, digester, new, bank.organization_guid, bank, origin)


def replace(
    db: Session, actor: Actor, digester: Digester, kind: ApplicationKind, client_id: str, origin: Origin = NOWHERE
) -> KeyPair:
    """Another key with the same settings and a life of the same length; the old one goes on until it is revoked."""
    actor.must(kind.executes, Subject.USER)
    old, bank = _get_for(db, actor, kind, client_id, kind.executes)
    must_hold_all(actor, kind, is_production=bank is None or bank.is_production)
    _refuse_a_repeat(db, actor, origin)
    _refuse_if_revoked(old)
    if bank is not None and bank.is_production and not old.ip_allowlist:
        # Made while the bank was a sandbox.
        raise _addresses_required()
    new = NewApplication(
        name=old.name, expires_at=clock.now() + (old.expires_at - old.created_at), ip_allowlist=old.ip_allowlist
    )
    taking_over = Origin(origin.form_digest, old.guid)
    return _create(db, actor, digester, new, old.organization_guid, bank, taking_over)


def get(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    actor.must(kind.reads, *_readers(kind))
    return queries.get(db, actor, kind, client_id)


def page(
    db: Session, actor: Actor, kind: ApplicationKind, bank_guid: str | None, page: int, per_page: int
) -> Page[Application]:
    actor.must(kind.lists, *_readers(kind))
    # For a bank's token the bank is settled, whatever the request says.
    wanted = None if actor.subject is Subject.BANK else bank_guid
    return queries.page(db, actor, kind, wanted, page, per_page)


def update(
    db: Session,
    actor: Actor,
    kind: ApplicationKind,
    client_id: str,
    sent: Sent[ApplicationChanges],
    seen: Seen | None = None,
) -> Application:
    """Change name or address list; tokens already issued obey a new list from the next request on."""
    actor.must(kind.writes, Subject.USER)
    application, bank = _get_for(db, actor, kind, client_id, kind.writes)
    changes = sent.read() if seen is None else merged(application, sent.read(), seen)
    facts: dict[str, object] = {}
    if changes.name is not None and changes.name != application.name:
        facts["name"] = [application.name, changes.name]
        application.name = changes.name
    if changes.ip_allowlist is not None and list(changes.ip_allowlist) != application.ip_allowlist:
        if not changes.ip_allowlist and bank is not None and bank.is_production:
            raise _addresses_required()
        facts["ip_allowlist"] = [application.ip_allowlist, list(changes.ip_allowlist)]
        application.ip_allowlist_text = " ".join(changes.ip_allowlist)
    if facts:
        _record(db, actor, EventType.CREDENTIAL_UPDATED, application, **facts)
    return application


def pause(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    """Refuse the key and its tokens until it is resumed."""
    actor.must(kind.writes, Subject.USER)
    application, _ = _get_for(db, actor, kind, client_id, kind.writes)
    _refuse_if_revoked(application)
    if application.paused_at is None:
        application.paused_at = clock.now()
        _record(db, actor, EventType.CREDENTIAL_UPDATED, application, paused=True)
    return application


def resume(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    actor.must(kind.writes, Subject.USER)
    application, _ = _get_for(db, actor, kind, client_id, kind.writes)
    _refuse_if_revoked(application)
    if application.paused_at is not None:
        application.paused_at = None
        _record(db, actor, EventType.CREDENTIAL_UPDATED, application, paused=False)
    return application


def revoke(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    """Refuse the key and every token it made, for good."""
    actor.must(kind.executes, Subject.USER)
    application, _ = _get_for(db, actor, kind, client_id, kind.executes)
    if application.revoked_at is None:
        application.revoked_at = clock.now()
        _record(db, actor, EventType.CREDENTIAL_DELETED, application)
    return application


def _create(
    db: Session,
    actor: Actor,
    digester: Digester,
    new: NewApplication,
    organization_guid: str,
    bank: Bank | None,
    origin: Origin,
) -> KeyPair:
    secret = new_secret(bank.type if bank else "org")
    application = Application(
        guid=guids.new(),
        client_id=new_client_id(),
        kind=ApplicationKind.BANK if bank else ApplicationKind.ORGANIZATION,
        organization_guid=organization_guid,
        bank_guid=bank.guid if bank else None,
        name=new.name,
        ip_allowlist_text=" ".join(new.ip_allowlist),
        expires_at=new.expires_at,
        created_by=actor.guid,
        form_digest=origin.form_digest,
        replaces_guid=origin.replaces_guid,
    )
    db.add(application)
    try:
        db.flush()  # the secret names the application
    except IntegrityError as error:
        if origin.form_digest is None:
            raise
        # The form arrived twice at once, and on PostgreSQL neither of the two saw the other.
        raise _made_already() from error
    secrets.keep(db, digester, application, secret, clock.now())
    facts: dict[str, object] = {"name": new.name, "client_id": application.client_id}
    facts["ip_allowlist"] = application.ip_allowlist
    if origin.replaces_guid:
        facts["replaces_guid"] = origin.replaces_guid
    _record(db, actor, EventType.CREDENTIAL_CREATED, application, **facts)
    return KeyPair(application, secret)


def _readers(kind: ApplicationKind) -> tuple[Subject, ...]:
    everywhere = (Subject.ORGANIZATION, Subject.USER)
    return (Subject.BANK, *everywhere) if kind is ApplicationKind.BANK else everywhere


def _get_for(
    db: Session, actor: Actor, kind: ApplicationKind, client_id: str, scope: Scope
) -> tuple[Application, Bank | None]:
    """The key and its bank, where the actor must hold `scope`; an organization's key counts as production."""
    application = queries.get_to_change(db, actor, kind, client_id)
    bank = banks.get(db, actor, application.bank_guid) if application.bank_guid else None
    actor.must_there(scope, is_production=bank is None or bank.is_production)
    return application, bank


def _refuse_a_repeat(db: Session, actor: Actor, origin: Origin) -> None:
    made = queries.find_by_form(db, actor, origin.form_digest) if origin.form_digest else None
    if made is not None:
        raise _made_already()


def _made_already() -> Invalid:
    return Invalid("data_exists", "This form has made its key already", status=409)


def _refuse_if_revoked(application: Application) -> None:
    if application.revoked_at is not None:
        raise Invalid("revoked", "The key is revoked, which is final: generate a new one", status=409)


def _addresses_required() -> Invalid:
    message = "A key of a production bank needs a list of source addresses (ip_allowlist)"
    problem = Invalid("missing_parameter", message, status=422)
    problem.at = {"ip_allowlist": "A key of a production bank needs at least one address."}
    return problem


def _record(db: Session, actor: Actor, event_type: EventType, application: Application, **facts: object) -> None:
    record(
        db,
        actor,
        event_type,
        application.guid,
        organization_guid=application.organization_guid,
        bank_guid=application.bank_guid,
        **facts,
    )
