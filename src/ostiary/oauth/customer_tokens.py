"""POST /api/customer_tokens: a bank's token is traded for one of a single customer of the bank (RFC 9068)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import AfterValidator, Field, WithJsonSchema
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.access.scopes import CUSTOMER, Scope
from ostiary.applications import queries as applications
from ostiary.applications.models import Application
from ostiary.applications.outcomes import ISSUED
from ostiary.applications.schemas import AddressList
from ostiary.applications.usage import Usage
from ostiary.banks import queries as banks
from ostiary.customers import queries as customers
from ostiary.errors import Invalid
from ostiary.limits.counting import Counting
from ostiary.limits.kinds import Kind
from ostiary.oauth import queries
from ostiary.oauth.access_tokens import LIMIT_BYTES, AccessTokens
from ostiary.oauth.bearer import TokenRefused
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.oauth.standing import Refused
from ostiary.oauth.token import TokenSeconds
from ostiary.web.routes import Asking, Db, ReadingRoute
from ostiary.web.schemas import Body as SentBody
from ostiary.web.schemas import GuidText, Out, Sent, one_line

LONGEST_QUOTED = 48
NAMES = sorted(CUSTOMER)


def _held_by_customers(name: str) -> str:
    if name not in CUSTOMER:
        shown = repr(name) if len(name) <= LONGEST_QUOTED else f"a word of {len(name)} letters"
        raise ValueError(f"{shown} is not a scope that a customer can have")
    return name


def _once_each(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("a scope stands there twice")
    return names


CustomerScope = Annotated[str, AfterValidator(_held_by_customers), WithJsonSchema({"type": "string", "enum": NAMES})]


class NewCustomerToken(SentBody):
    customer_guid: Annotated[GuidText, AfterValidator(one_line)]
    scopes: Annotated[list[CustomerScope], Field(min_length=1), AfterValidator(_once_each)]
    # The list of the key that asks, as it is whenever the token is used. Null is as left out.
    inherit_ip_allowlist: bool | None = True
    ip_allowlist: AddressList | None = None

    @property
    def inherits(self) -> bool:
        return self.inherit_ip_allowlist is not False


class CustomerTokenOut(Out):
    access_token: str


@dataclass(frozen=True)
class CustomerTokens:
    """Nothing is stored: the token says it all, and every use of it asks whether key, bank and customer are there."""

    keys: SigningKeys
    tokens: AccessTokens
    token_seconds: TokenSeconds
    usage: Usage

    def create(self, db: Session, actor: Actor, limits: Counting, sent: Sent[NewCustomerToken]) -> CustomerTokenOut:
        # Both of them, as it is published (wire contract §2.1).
        actor.must(Scope.CUSTOMERS_WRITE, Subject.BANK)
        actor.must(Scope.CUSTOMERS_READ, Subject.BANK)
        new = sent.read()
        customer = customers.find(db, actor, new.customer_guid)
        if customer is None:
            raise Invalid("no_customer", "Unknown customer", status=422)
        bank = banks.get(db, actor, customer.bank_guid)
        if bank.is_production and not new.inherits and not new.ip_allowlist:
            raise _addresses_required()
        key = applications.get_by_guid(db, actor, actor.guid)
        iat, exp = self._life(key, bank.type)
        place = {"bank_guid": bank.guid, "bank_type": bank.type}
        members = {
            "sub": customer.guid,
            "sub_type": Subject.CUSTOMER,
            "client_id": key.client_id,
            "scope": " ".join(new.scopes),
            "organization_guid": bank.organization_guid,
            **place,
            "properties": place,
            "ip_allowlist": list(new.ip_allowlist or ()),
            "inherit_ip_allowlist": new.inherits,
            "token_type": "access",
            "iat": iat,
            "exp": exp,
        }
        limits.admit(((Kind.CUSTOMER_TOKENS_PER_KEY, actor.guid),), "This key asks for customer tokens too often")
        token = self._signed(db, members)
        self.usage.used(ISSUED, [(actor.guid, actor.address)])
        return CustomerTokenOut(access_token=token)

    def _life(self, key: Application, bank_type: str) -> tuple[int, int]:
        iat = int(clock.seconds())
        exp = min(iat + self.token_seconds.of(bank_type), int(key.expires_at.timestamp()))
        if exp <= iat:
            # In the last second of the key, which the token would not live to see the end of.
            raise TokenRefused(Refused.EXPIRED, since=key.expires_at, application_guid=key.guid)
        return iat, exp

    def _signed(self, db: Session, members: Mapping[str, object]) -> str:
        if queries.by_kid(db, self.keys.current_kid) is None:
            # Another process has retired the key this one signs with.
            self.keys.refresh()
        token = self.tokens.signed_members(members).decode()
        if len(token) > LIMIT_BYTES:
            raise Invalid(
                "invalid_value",
                f"The token would be larger than {LIMIT_BYTES} bytes: send fewer addresses, or wider ranges",
                status=422,
            )
        return token


def router(made: CustomerTokens) -> APIRouter:
    routes = APIRouter(prefix="/api/customer_tokens", tags=["tokens"], route_class=ReadingRoute)

    @routes.post("", status_code=201)
    def create_customer_token(
        db: Db, actor: Asking, limits: Counting, sent: Annotated[Sent[NewCustomerToken], Body()]
    ) -> CustomerTokenOut:
        """For one customer of the token's bank, shown once. Needs a bank token with `customers:write` and
        `customers:read`; the scopes asked for need not be its own.
        """
        return made.create(db, actor, limits, sent)

    return routes


def _addresses_required() -> Invalid:
    message = (
        "A token that does not inherit the list of its key needs one of its own in a production bank (ip_allowlist)"
    )
    return Invalid("missing_parameter", message, status=422)
