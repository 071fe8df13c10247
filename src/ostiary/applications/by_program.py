"""What people's programs do with keys: to them a revoked key is deleted, and a request names the bank of a new one."""

import re

from sqlalchemy.orm import Session

from ostiary.access.actor import Actor, Subject
from ostiary.applications import queries, service
from ostiary.applications.credentials import Digester
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.schemas import ApplicationChanges, NewApplication, NewBankApplication
from ostiary.applications.service import KeyPair
from ostiary.errors import Invalid, NotFound
from ostiary.web.schemas import Sent

GUID = re.compile(r"[0-9a-f]{32}\Z")


def create_for_organization(db: Session, actor: Actor, digester: Digester, sent: Sent[NewApplication]) -> KeyPair:
    actor.must(ApplicationKind.ORGANIZATION.executes, Subject.USER)
    return service.create_for_organization(db, actor, digester, actor.organization_guid, sent)


def create_for_bank(db: Session, actor: Actor, digester: Digester, sent: Sent[NewBankApplication]) -> KeyPair:
    """In the bank that the login is bound to, or else in the one that the request names."""
    actor.must(ApplicationKind.BANK.executes, Subject.USER)
    new = sent.read()
    bank_guid = actor.bank_guid or _named(new)
    return service.create_for_bank(db, actor, digester, bank_guid, Sent[NewApplication].of(new))


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


def _named(new: NewBankApplication) -> str:
    if new.bank_guid is None:
        raise Invalid("missing_parameter", "Missing parameter. Required: bank_guid")
    if not isinstance(new.bank_guid, str):
        raise Invalid("invalid_value", "Invalid value. bank_guid: must be a string")
    if not GUID.match(new.bank_guid):
        raise NotFound("bank")
    return new.bank_guid
