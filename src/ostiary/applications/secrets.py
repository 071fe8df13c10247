"""Secrets of a key as the database keeps them."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary.applications.credentials import Digester
from ostiary.applications.models import Application, ApplicationSecret
from ostiary.crypto import guids


def keep(db: Session, digester: Digester, application: Application, secret: str, now: dt.datetime) -> None:
    digest = digester.digest(secret)
    row = ApplicationSecret(
        guid=guids.new(),
        application_guid=application.guid,
        digest=digest.value,
        scheme=digest.scheme,
        pepper_version=digest.pepper_version,
        created_at=now,
    )
    db.add(row)


def forget_all(db: Session, application: Application) -> None:
    """From now on none of them opens anything."""
    db.execute(sa.delete(ApplicationSecret).where(ApplicationSecret.application_guid == application.guid))
