"""What can be done with keys that have no address list yet: observe them, propose a list, switch over to it."""

import datetime as dt

from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.applications import service as applications
from ostiary.applications.changing import end_observation, get_for, record_change, refuse_if_revoked
from ostiary.applications.merging import Seen
from ostiary.applications.models import Application, ApplicationKind
from ostiary.applications.observation import queries
from ostiary.applications.observation.report import Report, fingerprint
from ostiary.applications.schemas import ApplicationChanges
from ostiary.errors import Invalid
from ostiary.events.catalog import EventType
from ostiary.web.schemas import Sent


def observe(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    """From now on each address that uses the key is written down, and none is refused."""
    actor.must(kind.writes, Subject.USER)
    application, bank = get_for(db, actor, kind, client_id, kind.writes)
    refuse_if_revoked(application)
    if bank is not None and bank.is_production:
        message = "A key of a production bank works from listed addresses only, so give it a list instead"
        raise Invalid("invalid_value", message, status=409)
    if application.ip_allowlist:
        message = "The key works from listed addresses only: empty its list first to see who else would use it"
        raise Invalid("invalid_value", message, status=409)
    if application.observed_since is None:
        application.observed_since = clock.now()
        record_change(db, actor, EventType.CREDENTIAL_UPDATED, application, observed=True)
    return application


def stop(db: Session, actor: Actor, kind: ApplicationKind, client_id: str) -> Application:
    """Write nothing more down, and forget what was seen."""
    actor.must(kind.writes, Subject.USER)
    application, _ = get_for(db, actor, kind, client_id, kind.writes)
    if application.observed_since is not None:
        end_observation(db, application)
        record_change(db, actor, EventType.CREDENTIAL_UPDATED, application, observed=False)
    return application


def propose(
    db: Session, actor: Actor, kind: ApplicationKind, client_id: str, sent: Sent[ApplicationChanges]
) -> Application:
    """The list that what is seen is compared with from now on; an empty one is the smallest that fits."""
    actor.must(kind.writes, Subject.USER)
    application, _ = get_for(db, actor, kind, client_id, kind.writes)
    _refuse_if_unobserved(application)
    proposed = list(sent.read().ip_allowlist or ())
    if proposed != application.proposed_ip_allowlist:
        facts = {"proposed_ip_allowlist": [application.proposed_ip_allowlist, proposed]}
        application.proposed_ip_allowlist_text = " ".join(proposed) or None
        record_change(db, actor, EventType.CREDENTIAL_UPDATED, application, **facts)
    return application


def switch_over(
    db: Session, actor: Actor, kind: ApplicationKind, client_id: str, sent: Sent[ApplicationChanges], agreed: str
) -> Application:
    """Let the list bind and end the observation; `agreed` is the fingerprint of whom this may cut off."""
    actor.must(kind.writes, Subject.USER)
    application, _ = get_for(db, actor, kind, client_id, kind.writes)
    _refuse_if_unobserved(application)
    entries = list(sent.read().ip_allowlist or ())
    if not entries:
        message = "An empty list lets every address in: name at least one."
        raise Invalid("missing_parameter", message, status=422, field="ip_allowlist")
    cut_off = _report(db, actor, application, clock.now()).cut_off_by(entries)
    if fingerprint(cut_off) != agreed:
        message = "The key was used from elsewhere meanwhile, so look again at whom the list cuts off, and confirm it."
        raise Invalid("conflict", message, status=409)
    seen = Seen(application.name, application.ip_allowlist)
    return applications.update(db, actor, kind, client_id, sent, seen)


def report(db: Session, actor: Actor, application: Application, now: dt.datetime) -> Report | None:
    """None for a key that is not observed."""
    actor.must(ApplicationKind(application.kind).reads, Subject.USER)
    return _report(db, actor, application, now) if application.observed_since is not None else None


def _report(db: Session, actor: Actor, application: Application, now: dt.datetime) -> Report:
    assert application.observed_since is not None  # noqa: S101 - looked at by the callers
    seen = queries.seen(db, actor, application.guid, now)
    return Report(application.observed_since, seen, application.proposed_ip_allowlist)


def _refuse_if_unobserved(application: Application) -> None:
    if application.observed_since is None:
        message = "The key is not observed any more: somebody else has stopped it, or given the key a list"
        raise Invalid("conflict", message, status=409)
