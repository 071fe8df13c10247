"""A desk in front of the application: makes keys and tokens, and shows tokens to the API without a network."""

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ostiary import clock
from ostiary.access.actor import Actor
from ostiary.app import Ostiary
from ostiary.applications import service as applications
from ostiary.applications.models import ApplicationKind
from ostiary.applications.schemas import NewApplication
from ostiary.banks import service as banks
from ostiary.banks.models import BankType
from ostiary.banks.usual import usual_bank
from ostiary.crypto.es256 import PrivateKey
from ostiary.oauth.key_rotation import PUBLISHED_AHEAD
from ostiary.oauth.models import SigningKey
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.organizations import service as organizations
from ostiary.organizations.schemas import NewOrganization
from ostiary.web.asgi import Header, Message
from ostiary.web.schemas import read_as

OPERATOR = Actor.operator()
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever the server says
        return json.loads(self.body)


@dataclass(frozen=True)
class Key:
    """A key pair and where it belongs; `bank_guid` is empty for an organization's key."""

    client_id: str
    secret: str
    organization_guid: str
    bank_guid: str


class Desk:
    def __init__(self, ostiary: Ostiary, runner: asyncio.Runner) -> None:
        self.ostiary = ostiary
        self.store = ostiary.store
        self.runner = runner
        with self.store.writing() as db:
            acme = organizations.create(db, OPERATOR, read_as(NewOrganization, name="Acme")).guid
            north = banks.create(db, OPERATOR, acme, usual_bank("North", BankType.SANDBOX)).guid
        self.acme = self.key(acme)
        self.north = self.key(acme, north)

    def key(self, organization_guid: str, bank_guid: str = "", *addresses: str) -> Key:
        """A key that lives a day, of the bank or else of the organization."""
        expires_at = clock.now() + dt.timedelta(days=1)
        new = read_as(NewApplication, name="Made for the test", expires_at=expires_at, ip_allowlist=list(addresses))
        digester = self.ostiary.token.client.digester
        with self.store.writing() as db:
            if bank_guid:
                made = applications.create_for_bank(db, OPERATOR, digester, bank_guid, new)
            else:
                made = applications.create_for_organization(db, OPERATOR, digester, organization_guid, new)
        return Key(made.application.client_id, made.secret, organization_guid, bank_guid)

    def kind(self, key: Key) -> ApplicationKind:
        return ApplicationKind.BANK if key.bank_guid else ApplicationKind.ORGANIZATION

    def ask(self, key: Key, scope: str = "", peer: str = LOOPBACK) -> Answer:
        """What POST /oauth/token answers."""
        sent = {"grant_type": "client_credentials", "client_id": key.client_id, "client_secret": key.secret}
        body = json.dumps(sent | ({"scope": scope} if scope else {})).encode()
        headers = [(b"content-type", b"application/json")]
        return self.request("/oauth/token", headers, method="POST", body=body, peer=peer)

    def token(self, key: Key, scope: str = "", peer: str = LOOPBACK) -> str:
        answer = self.ask(key, scope, peer)
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])

    def show(self, token: str, *more: Header, peer: str = LOOPBACK) -> Answer:
        """What GET /api/banks answers to whoever shows this token."""
        return self.request("/api/banks", [(b"authorization", b"Bearer " + token.encode("latin-1")), *more], peer=peer)

    def request(self, path: str, headers: Sequence[Header], **more: Any) -> Answer:  # noqa: ANN401 - as `answer` takes
        return self.runner.run(self.answer(path, headers, **more))

    async def answer(
        self,
        path: str,
        headers: Sequence[Header],
        *,
        method: str = "GET",
        query: bytes = b"",
        body: bytes = b"",
        peer: str = LOOPBACK,
    ) -> Answer:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "root_path": "",
            "headers": list(headers),
            "client": (peer, 50000),
            "server": (LOOPBACK, 8400),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.ostiary(scope, receive, send)
        found = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))


@contextmanager
def open_desk(ostiary: Ostiary) -> Iterator[Desk]:
    with asyncio.Runner() as runner:
        try:
            yield Desk(ostiary, runner)
        finally:
            runner.run(ostiary._reads.close())


def operations(ostiary: Ostiary) -> set[str]:
    """All that can be asked beside the token endpoint and pages, as in `GET /api/banks/{bank_guid}`."""
    paths = ostiary.routes.openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(decode(token.split(".", maxsplit=1)[0]))
    return found


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(decode(token.split(".")[1]))
    return found


def own_token(ostiary: Ostiary, payload: Mapping[str, object] | bytes, **header: object) -> str:
    """A token under the server's own signing key, saying what the server would never say."""
    return signed_by(ostiary.keys, payload, **header)


def signed_by(keys: SigningKeys, payload: Mapping[str, object] | bytes, **header: object) -> str:
    kid, key = keys.current()
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    message = encode(json.dumps({"alg": "ES256", "kid": kid, "typ": "at+jwt"} | header).encode()) + "." + encode(text)
    return message + "." + encode(key.sign(message.encode()))


def made_elsewhere(desk: Desk) -> SigningKeys:
    """The keys as another process has them, which has made one: the desk's own does not know it yet."""
    publish(desk, PrivateKey.generate())
    return SigningKeys(desk.store, desk.ostiary.keys._seal)


def publish(desk: Desk, key: PrivateKey) -> str:
    """Another process has made this key, long enough ago to sign with it; its kid."""
    kid, known = key.public.thumbprint, clock.now() - PUBLISHED_AHEAD
    sealed = desk.ostiary.keys._seal.close(key.to_der(), kid)
    with desk.store.writing() as db:
        db.add(SigningKey(kid=kid, public_jwk=key.public.jwk, private_key_sealed=sealed, created_at=known))
    return kid


METADATA = 'resource_metadata="http://127.0.0.1:8400/.well-known/oauth-protected-resource"'


def assert_refused(answer: Answer, message: str = "Signature verification raised") -> None:
    """A 401 with this text, and the challenge that RFC 6750 §3 asks for."""
    assert answer.status == 401, answer.body
    said = answer.json
    assert (said["status"], said["message_code"], said["error_message"]) == (401, "authentication_failed", message)
    challenge = f'Bearer realm="ostiary", error="invalid_token", error_description="{message}", {METADATA}'
    assert answer.headers["www-authenticate"] == challenge


def assert_malformed(answer: Answer) -> None:
    """A 401 for a request without a usable token: the scheme is named and no error (RFC 6750 §3.1)."""
    assert answer.status == 401, answer.body
    assert answer.json["message_code"] == "authentication_malformed"
    assert answer.json["error_message"] == "Authorization header is malformed."
    assert answer.headers["www-authenticate"] == f'Bearer realm="ostiary", {METADATA}'


def assert_not_accepted(answer: Answer) -> None:
    """Refused as a forgery or as no token at all."""
    assert answer.status == 401, answer.body
    if answer.json["message_code"] == "authentication_malformed":
        assert_malformed(answer)
    else:
        assert_refused(answer)
