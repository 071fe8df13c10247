"""What callers send and get about applications."""

import datetime as dt
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, WithJsonSchema

from ostiary import clock
from ostiary.access import addresses
from ostiary.applications.models import Application, ApplicationKind
from ostiary.web.schemas import Body, GuidText, NameText, Out, WireMoment

USUAL_LIFE = dt.timedelta(days=90)
LONGEST_LIFE = dt.timedelta(days=3653)


def _in_the_future(moment: dt.datetime) -> dt.datetime:
    # A date without a zone is UTC; some of the published clients leave the zone out.
    try:
        moment = moment.replace(tzinfo=clock.UTC) if moment.tzinfo is None else moment.astimezone(clock.UTC)
    except OverflowError:
        # In UTC it would lie before the first day of the calendar, or behind the last.
        raise ValueError("must lie within ten years") from None
    if moment <= clock.now():
        raise ValueError("must lie in the future")
    if moment > clock.now() + LONGEST_LIFE:
        raise ValueError("must lie within ten years")
    return moment


AddressList = Annotated[list[str], AfterValidator(addresses.parse_list), Field(max_length=addresses.MOST_ENTRIES)]
Expiry = Annotated[dt.datetime, AfterValidator(_in_the_future)]


class NewApplication(Body):
    name: NameText
    expires_at: Expiry
    ip_allowlist: AddressList = Field(default_factory=list)


class NewBankApplication(NewApplication):
    # Judged only where it decides something: a login that is bound to a bank has settled it.
    bank_guid: Annotated[Any, WithJsonSchema({"type": "string", "minLength": 32, "maxLength": 32})] = Field(
        None, description="Not needed, and ignored, where the login is bound to a bank."
    )


class ApplicationChanges(Body):
    """A list replaces the old one; an empty one lets every address in. Scopes, expiry and secret stay as they are."""

    name: NameText | None = None
    ip_allowlist: AddressList | None = None


class ApplicationOut(Out):
    guid: GuidText
    client_id: str
    name: str
    scopes: list[str]
    ip_allowlist: list[str]
    expires_at: WireMoment
    created_at: WireMoment
    updated_at: WireMoment

    @classmethod
    def of(cls, application: Application) -> Self:
        return cls(
            guid=application.guid,
            client_id=application.client_id,
            name=application.name,
            scopes=sorted(ApplicationKind(application.kind).scopes),
            ip_allowlist=application.ip_allowlist,
            expires_at=application.expires_at,
            created_at=application.created_at,
            updated_at=application.updated_at,
        )


class ApplicationWithSecretOut(ApplicationOut):
    secret: str = Field(repr=False, description="Here and nowhere else, ever.")

    @classmethod
    def with_secret(cls, application: Application, secret: str) -> Self:
        return cls(**ApplicationOut.of(application).model_dump(), secret=secret)
