"""POST /oauth/device_authorization: RFC 8628 §3.1, a program asks for a code that its person can type elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from ostiary.access.scopes import Scope
from ostiary.crypto import guids
from ostiary.db.store import Store
from ostiary.oauth import device_codes, public_client, token_request
from ostiary.oauth.answers import refusal, told
from ostiary.oauth.client_check import ClientCheck
from ostiary.oauth.device_codes import INTERVAL_SECONDS, LIFE, Asked, NewCodes
from ostiary.oauth.errors import InvalidRequest, InvalidScope
from ostiary.oauth.exchange import exchange
from ostiary.oauth.grants import quoted
from ostiary.oauth.presented import Digests
from ostiary.web import asgi
from ostiary.web.asgi import Receive, Send
from ostiary.web.together import Answer, Head

PATH = "/oauth/device_authorization"
# Where a person types the code.
PAGE = "/device"
# `bank_guid` is our own: the bank that the login is to be bound to.
PARAMETERS = frozenset({"client_id", "client_secret", "client_assertion", "scope", "bank_guid"})
USER_AGENT_LETTERS = 255
SCOPES = frozenset(Scope)


@dataclass(frozen=True)
class DeviceAuthorization:
    """An ASGI application."""

    store: Store
    digests: Digests
    client: ClientCheck
    issuer: str

    async def __call__(self, scope: asgi.Scope, receive: Receive, send: Send) -> None:
        await exchange(scope, receive, send, self._act, _refused)

    async def _act(self, head: Head, body: bytes) -> Answer:
        sender = self.client.sender(head)
        sent = token_request.parameters(sender.media_type, body, PARAMETERS)
        public_client.must_be_named(sender, sent)
        asked = Asked(_scope(sent), _bank_guid(sent), sender.address, _user_agent(head))
        return self._answer(await run_in_threadpool(self._create, asked))

    def _create(self, asked: Asked) -> NewCodes:
        # Looked at first: whoever is refused must not keep others from writing.
        with self.store.reading() as db:
            device_codes.room(db, asked)
        with self.store.writing() as db:
            return device_codes.create(db, self.store, self.digests, asked)

    def _answer(self, made: NewCodes) -> Answer:
        page = self.issuer + PAGE
        return told(
            {
                "device_code": made.device_code,
                "user_code": made.user_code,
                "verification_uri": page,
                # RFC 8628 §3.3.1.
                "verification_uri_complete": f"{page}?user_code={made.user_code}",
                "expires_in": int(LIFE.total_seconds()),
                "interval": INTERVAL_SECONDS,
            }
        )


async def _refused(error: Exception) -> Answer:
    return refusal(error)


def _scope(sent: Mapping[str, str]) -> str | None:
    """Whether the person holds it is looked at when there is one; here it must only exist."""
    if "scope" not in sent:
        return None
    names = list(dict.fromkeys(sent["scope"].split(" ")))
    for name in names:
        if name not in SCOPES:
            # A user code in the wrong place is no longer than a scope, but is not written like one.
            raise InvalidScope(f"{quoted(name) if name.islower() else 'A word'} is not a scope")
    return " ".join(names)


def _bank_guid(sent: Mapping[str, str]) -> str | None:
    """Whether there is such a bank is for its people to know."""
    found = sent.get("bank_guid")
    if found is not None and not guids.is_one(found):
        raise InvalidRequest("bank_guid is 32 letters: digits and a to f")
    return found


def _user_agent(head: Head) -> str:
    found = [value.decode("latin-1") for name, value in head.headers if name == b"user-agent"]
    # PostgreSQL has no place for a NUL; header values have none, but whoever reads this need not know that.
    return found[0].replace("\0", "")[:USER_AGENT_LETTERS] if found else ""
