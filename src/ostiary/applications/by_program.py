"""What people's programs do with keys: to them a revoked key is deleted, and they may ask for a new one twice."""

from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.applications import queries, secrets, service
from ostiary.applications.changing import get_for, record_change
from ostiary.applications.credentials import Digester, new_secret
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.rights import must_hold_all
from ostiary.applications.schemas import ApplicationChanges, NewApplication, NewBankApplication
from ostiary.applications.service import KeyPair
from ostiary.crypto import guids
from ostiary.errors import Invalid, NotFound
from ostiary.events.catalog import EventType
from ostiary.web.idempotency import Once, is_renewable, made_already
from ostiary.web.schemas import Sent


def create_for_organization(
    db: Session, actor: Actor, digester: Digester, sent: Sent[NewApplication], once: Once
) -> KeyPair:
    actor.must(ApplicationKind.ORGANIZATION.executes, Subject.USER)
    earlier = once.earlier(db, actor)
    if earlier is not None:
        pair = _again(db, actor, digester, ApplicationKind.ORGANIZATION, earlier)
    else:
        pair = service.create_for_organization(db, actor, digester, actor.organization_guid, sent)
    once.made(db, actor, pair.application.guid)
    return pair


def create_for_bank(
    db: Session, actor: Actor, digester: Digester, sent: Sent[NewBankApplication], once: Once
) -> KeyPair:
    """In the bank that the login is bound to, or else in the one that the request names."""
    actor.must(ApplicationKind.BANK.executes, Subject.USER)
    earlier = once.earlier(db, actor)
    if earlier is not None:
        pair = _again(db, actor, digester, ApplicationKind.BANK, earlier)
    else:
        new = sent.read()
        bank_guid = actor.bank_guid or _named(new)
        pair = service.create_for_bank(db, actor, digester, bank_guid, Sent[NewApplication].of(new))
    once.made(db, actor, pair.application.guid)
    return pair


def update(
    db: Session, actor: Actor, kind: ApplicationKind, client_id: str, sent: Sent[ApplicationChanges]
) -> Application:
    actor.must(kind.writes, Subject.USER)
    queries.get(db, actor, kind, client_id)
    return service.update(db, actor, kind, client_id, sent)


def delete(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> None:
    """Revoke it, which is final; the row stays for the trail."""
    actor.must(kind.executes, Subject.USER)
    queries.get(db, actor, kind, client_id)
    service.revoke(db, actor, kind, client_id)


def _again(db: Session, actor: Actor, digester: Digester, kind: ApplicationKind, guid: str) -> KeyPair:
    """The first answer was lost: the same key with another secret, and the one that nobody saw opens nothing."""
    application, bank = get_for(db, actor, kind, guid, kind.executes)
    must_hold_all(actor, kind, is_production=bank is None or bank.is_production)
    is_seen = application.last_used_at is not None or application.revoked_at is not None
    if is_seen or not is_renewable(application.created_at):
        names = {"client_id": application.client_id, "guid": application.guid}
        raise made_already(f"the key {application.client_id}", **names)
    secret = new_secret(bank.type if bank else "org")
    secrets.forget_all(db, application)
    secrets.keep(db, digester, application, secret, clock.now())
    record_change(db, actor, EventType.CREDENTIAL_UPDATED, application, secret_replaced=True)
    return KeyPair(application, secret)


def _named(new: NewBankApplication) -> str:
    if new.bank_guid is None:
        raise Invalid("missing_parameter", "Missing parameter. Required: bank_guid")
    if not isinstance(new.bank_guid, str):
        raise Invalid("invalid_value", "Invalid value. bank_guid: must be a string")
    if not guids.is_one(new.bank_guid):
        raise NotFound("bank")
    return new.bank_guid
