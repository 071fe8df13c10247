"""What every change of a key begins and ends with: the key as nobody else changes it, and the event."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.access.scopes import Scope
from ostiary.applications import queries
from ostiary.applications.models import Application, ApplicationKind, SeenAddress
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.errors import Invalid
from ostiary.events.catalog import EventType
from ostiary.events.record import record


def get_for(
    db: Session, actor: Actor, kind: ApplicationKind, client_id: str, scope: Scope
) -> tuple[Application, Bank | None]:
    """The key and its bank, where the actor must hold `scope`; an organization's key counts as production."""
    application = queries.get_to_change(db, actor, kind, client_id)
    bank = banks.get(db, actor, application.bank_guid) if application.bank_guid else None
    actor.must_there(scope, is_production=bank is None or bank.is_production)
    return application, bank


def refuse_if_revoked(application: Application) -> None:
    if application.revoked_at is not None:
        raise Invalid("revoked", "The key is revoked, which is final: generate a new one", status=409)


def end_observation(db: Session, application: Application) -> None:
    """And forget what was seen: it was kept to find a list, and for nothing else."""
    application.observed_since = None
    application.proposed_ip_allowlist_text = None
    db.execute(delete(SeenAddress).where(SeenAddress.application_guid == application.guid))


def record_change(db: Session, actor: Actor, event_type: EventType, application: Application, **facts: object) -> None:
    record(
        db,
        actor,
        event_type,
        application.guid,
        organization_guid=application.organization_guid,
        bank_guid=application.bank_guid,
        **facts,
    )
