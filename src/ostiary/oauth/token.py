"""POST /oauth/token: RFC 6749 §4.4, client credentials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from ostiary import clock
from ostiary.access.addresses import ClientAddress
from ostiary.applications.credentials import CLIENT_ID, Digest, Digester, is_well_formed
from ostiary.applications.models import ApplicationKind
from ostiary.applications.usage import Usage
from ostiary.db.fast_reads import Lookup
from ostiary.db.model import stored_seconds
from ostiary.errors import StoreUnavailable
from ostiary.oauth import client_auth, token_request
from ostiary.oauth.access_tokens import AccessTokens
from ostiary.oauth.errors import InvalidClient, InvalidRequest, OAuthError, UnsupportedGrantType
from ostiary.oauth.grants import grant
from ostiary.oauth.queries import Standing
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.oauth.standing import is_address_allowed, refused
from ostiary.web.asgi import (
    JSON,
    NO_STORE,
    SECURITY_HEADERS,
    BodyTooLarge,
    Disconnected,
    Headers,
    Receive,
    Scope,
    Send,
    answer,
    read_body,
)

# RFC 6749 §5.1: tokens and refusals alike must not be stored.
HEADERS: Headers = [JSON, NO_STORE, (b"pragma", b"no-cache"), *SECURITY_HEADERS]
# RFC 6749 §5.2: a refused client learns which scheme it may use.
CHALLENGE = (b"www-authenticate", b'Basic realm="ostiary", charset="UTF-8"')

# What is compared when there is nothing to compare with.
NOBODY = Digest(bytes(32), 1, 1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TokenSeconds:
    """How long a token lives, by what it is for."""

    sandbox: int
    production: int
    organization: int

    def of(self, bank_type: str | None) -> int:
        if bank_type is None:
            return self.organization
        return self.sandbox if bank_type == "sandbox" else self.production


@dataclass(frozen=True)
class TokenEndpoint:
    """An ASGI application of its own: nothing of the framework is in its way."""

    lookup: Lookup
    digester: Digester
    keys: SigningKeys
    tokens: AccessTokens
    client_address: ClientAddress
    token_seconds: TokenSeconds
    usage: Usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._issue(scope, receive)
        except OAuthError as error:
            self.usage.count(error.application_guid, error.outcome)
            log.debug("token_refused", error=error.error, description=error.description)
            await _refuse(send, error)
        except Disconnected:
            return
        except StoreUnavailable:
            log.exception("store_unavailable")
            unavailable = _body("temporarily_unavailable", "The database is not available: try again")
            await answer(send, 503, unavailable, [*HEADERS, (b"retry-after", b"1")])
        else:
            await answer(send, 200, body, HEADERS)

    async def _issue(self, scope: Scope, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            raise InvalidRequest("Use POST", status=405)
        token_request.check_query(scope["query_string"])
        head = token_request.head(scope)
        kind = token_request.media_type(head)
        try:
            raw = await read_body(receive, token_request.LIMIT_BYTES)
        except BodyTooLarge:
            raise InvalidRequest(f"The body is larger than {token_request.LIMIT_BYTES} bytes", status=413) from None
        sent = token_request.parameters(kind, raw)
        if "grant_type" not in sent:
            raise InvalidRequest("Send grant_type=client_credentials")
        if sent["grant_type"] != "client_credentials":
            raise UnsupportedGrantType("The grant type here is client_credentials")
        client_id, secret = client_auth.presented(head.authorization, sent)
        address = self.client_address.of((scope["client"] or ("",))[0], head.forwarded_for)
        standing = await self._authenticate(client_id, secret, address)
        return self._answer(client_id, standing, sent, address)

    async def _authenticate(self, client_id: str, secret: str, address: str) -> Standing:
        """The one read, and every no that can come of it; raises InvalidClient."""
        # A typo is refused here, on arithmetic alone.
        if not CLIENT_ID.match(client_id) or not is_well_formed(secret):
            raise InvalidClient(client_auth.UNKNOWN)
        rows = [Standing._make(row) for row in await self.lookup(client_id, self.keys.current_kid)]
        now = clock.seconds()
        matching = [row for row in rows if self._matches(secret, row, now)]
        if not rows:
            # An unknown client costs as much as a wrong secret.
            self.digester.matches(secret, NOBODY)
        if not matching:
            raise InvalidClient(client_auth.UNKNOWN, application_guid=rows[0].application_guid if rows else "")
        standing = matching[0]
        reason = refused(standing, now)
        if reason is None and not is_address_allowed(standing, address):
            raise InvalidClient(
                f"This key may not be used from {f'the address {address}' if address else 'an unknown address'}",
                outcome="address_not_allowed",
                application_guid=standing.application_guid,
            )
        if reason is not None:
            raise InvalidClient(reason, outcome=reason.name.lower(), application_guid=standing.application_guid)
        return standing

    def _matches(self, secret: str, row: Standing, now_seconds: float) -> bool:
        if row.digest is None or row.scheme is None or row.pepper_version is None:
            return self.digester.matches(secret, NOBODY)
        is_right = self.digester.matches(secret, Digest(row.digest, row.scheme, row.pepper_version))
        return is_right and (row.secret_expires_at is None or stored_seconds(row.secret_expires_at) > now_seconds)

    def _answer(self, client_id: str, standing: Standing, sent: Mapping[str, str], address: str) -> bytes:
        if standing.kid is None or standing.key_retired_at is not None:
            # Another process has retired the key this one signs with.
            self.keys.reload()
        granted = grant(ApplicationKind(standing.kind), sent.get("scope"))
        iat = int(clock.seconds())
        # A token never outlives its key.
        exp = min(iat + self.token_seconds.of(standing.bank_type), int(stored_seconds(standing.expires_at)))
        token = self.tokens.make(
            client_id=client_id,
            organization_guid=standing.organization_guid,
            bank_guid=standing.bank_guid,
            bank_type=standing.bank_type,
            scope=granted,
            iat=iat,
            exp=exp,
        )
        self.usage.used(standing.application_guid, "token_issued", address)
        # Base64url, scope names and numbers: nothing here needs escaping.
        return (
            f'{{"access_token":"{token}","token_type":"Bearer","expires_in":{exp - iat},'
            f'"scope":"{granted}","created_at":{iat}}}'
        ).encode()


async def _refuse(send: Send, error: OAuthError) -> None:
    headers = list(HEADERS)
    if error.status == InvalidClient.status:
        headers.append(CHALLENGE)
    if error.status == 405:  # noqa: PLR2004 - the status itself
        headers.append((b"allow", b"POST"))
    await answer(send, error.status, _body(error.error, error.description), headers)


def _body(error: str, description: str) -> bytes:
    return json.dumps({"error": error, "error_description": description}).encode()
