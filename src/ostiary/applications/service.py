"""What can be done with applications, which are key pairs."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.applications import queries
from ostiary.applications.credentials import Digester, new_client_id, new_secret
from ostiary.applications.models import Application, ApplicationKind, ApplicationSecret
from ostiary.applications.schemas import NewApplication, NewList
from ostiary.banks import queries as banks
from ostiary.banks.models import BankType
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


def create_for_organization(
    db: Session, actor: Actor, digester: Digester, organization_guid: str, sent: Sent[NewApplication]
) -> KeyPair:
    actor.must(ApplicationKind.ORGANIZATION.executes, Subject.OPERATOR)
    organization = organizations.get(db, actor, organization_guid)
    return _create(db, actor, digester, sent.read(), organization.guid, None, "org")


def create_for_bank(
    db: Session, actor: Actor, digester: Digester, bank_guid: str, sent: Sent[NewApplication]
) -> KeyPair:
    actor.must(ApplicationKind.BANK.executes, Subject.OPERATOR)
    bank = banks.get(db, actor, bank_guid)
    new = sent.read()
    if bank.type == BankType.PRODUCTION and not new.ip_allowlist:
        raise _addresses_required()
    return _create(db, actor, digester, new, bank.organization_guid, bank.guid, bank.type)


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


def allow(db: Session, actor: Actor, kind: ApplicationKind, client_id: str, sent: Sent[NewList]) -> Application:
    """Replace the address list; tokens already issued obey it from the next request on."""
    actor.must(kind.writes, Subject.OPERATOR)
    application = queries.get(db, actor, kind, client_id)
    ip_allowlist = sent.read().ip_allowlist
    if not ip_allowlist and _is_for_production(db, actor, application):
        raise _addresses_required()
    before, text = application.ip_allowlist, " ".join(ip_allowlist)
    if text != application.ip_allowlist_text:
        application.ip_allowlist_text = text
        _record(db, actor, EventType.CREDENTIAL_UPDATED, application, ip_allowlist=[before, list(ip_allowlist)])
    return application


def pause(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    """Refuse the key and its tokens until it is resumed."""
    actor.must(kind.writes, Subject.OPERATOR)
    application = queries.get(db, actor, kind, client_id)
    _refuse_if_revoked(application)
    if application.paused_at is None:
        application.paused_at = clock.now()
        _record(db, actor, EventType.CREDENTIAL_UPDATED, application, paused=True)
    return application


def resume(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    actor.must(kind.writes, Subject.OPERATOR)
    application = queries.get(db, actor, kind, client_id)
    _refuse_if_revoked(application)
    if application.paused_at is not None:
        application.paused_at = None
        _record(db, actor, EventType.CREDENTIAL_UPDATED, application, paused=False)
    return application


def revoke(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    """Refuse the key and every token it made, for good."""
    actor.must(kind.executes, Subject.OPERATOR)
    application = queries.get(db, actor, kind, client_id)
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
    bank_guid: str | None,
    secret_kind: str,
) -> KeyPair:
    secret = new_secret(secret_kind)
    application = Application(
        guid=guids.new(),
        client_id=new_client_id(),
        kind=ApplicationKind.BANK if bank_guid else ApplicationKind.ORGANIZATION,
        organization_guid=organization_guid,
        bank_guid=bank_guid,
        name=new.name,
        ip_allowlist_text=" ".join(new.ip_allowlist),
        expires_at=new.expires_at,
        created_by=actor.guid,
    )
    db.add(application)
    db.flush()  # the secret names the application
    db.add(_keep(digester, application, secret, clock.now()))
    facts = {"name": new.name, "client_id": application.client_id, "ip_allowlist": application.ip_allowlist}
    _record(db, actor, EventType.CREDENTIAL_CREATED, application, **facts)
    return KeyPair(application, secret)


def _keep(digester: Digester, application: Application, secret: str, now: dt.datetime) -> ApplicationSecret:
    digest = digester.digest(secret)
    return ApplicationSecret(
        guid=guids.new(),
        application_guid=application.guid,
        digest=digest.value,
        scheme=digest.scheme,
        pepper_version=digest.pepper_version,
        created_at=now,
    )


def _readers(kind: ApplicationKind) -> tuple[Subject, ...]:
    return (Subject.BANK, Subject.ORGANIZATION) if kind is ApplicationKind.BANK else (Subject.ORGANIZATION,)


def _is_for_production(db: Session, actor: Actor, application: Application) -> bool:
    if application.bank_guid is None:
        return False
    return banks.get(db, actor, application.bank_guid).type == BankType.PRODUCTION


def _refuse_if_revoked(application: Application) -> None:
    if application.revoked_at is not None:
        raise Invalid("revoked", "The key is revoked, which is final: generate a new one", status=409)


def _addresses_required() -> Invalid:
    message = "A key of a production bank needs a list of source addresses (ip_allowlist)"
    return Invalid("missing_parameter", message, status=422)


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
