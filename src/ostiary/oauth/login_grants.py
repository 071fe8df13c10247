"""POST /oauth/token for programs in which somebody signs in: RFC 8628 §3.4, device codes, and RFC 6749 §6, refresh."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from ostiary.db.store import Store
from ostiary.oauth import device_grant, public_client, queries, refresh_grant
from ostiary.oauth.answers import HEADERS, refusal
from ostiary.oauth.client_check import Sender
from ostiary.oauth.errors import AccessDenied, InvalidGrant, InvalidRequest, OAuthError
from ostiary.oauth.limiting import RefreshLimit
from ostiary.oauth.logins import LoginTokens, held, refused
from ostiary.oauth.polls import Polls
from ostiary.oauth.presented import Digests
from ostiary.oauth.refresh_grant import Renewed
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.settings import Settings
from ostiary.web.together import Answer

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
TYPES = frozenset({DEVICE_CODE, REFRESH_TOKEN})


class LoginGrantAsked(Exception):  # noqa: N818 - no error
    """A request for these grants, on its way past all that is done with key pairs."""

    def __init__(self, sender: Sender, sent: Mapping[str, str]) -> None:
        super().__init__("a grant for a login")
        self.sender = sender
        self.sent = sent


@dataclass(frozen=True)
class LoginLives:
    """How long a login lives without being used, and in any case."""

    idle: dt.timedelta
    whole: dt.timedelta

    @classmethod
    def chosen(cls, settings: Settings) -> Self:
        return cls(
            idle=dt.timedelta(seconds=settings.login_idle_seconds), whole=dt.timedelta(seconds=settings.login_seconds)
        )


@dataclass(frozen=True)
class LoginGrants:
    """They write, so they cannot be answered at once; see web/immediate.py."""

    store: Store
    digests: Digests
    keys: SigningKeys
    tokens: LoginTokens
    lives: LoginLives
    refresh_limit: RefreshLimit
    polls: Polls = field(default_factory=Polls)

    async def __call__(self, asked: LoginGrantAsked) -> Answer:
        """Raises nothing."""
        try:
            return await run_in_threadpool(self._answer, asked.sender, asked.sent)
        except Exception as error:  # noqa: BLE001 - nobody further out could answer
            return refusal(error)

    def _answer(self, sender: Sender, sent: Mapping[str, str]) -> Answer:
        public_client.must_be_named(sender, sent)
        # Looked at first: whoever tries something out, or asks again and again, must not keep others from writing.
        with self.store.reading() as db:
            self._must_be_worth_writing(db, sent)
        step = self._redeem if sent["grant_type"] == DEVICE_CODE else self._refresh
        return self._written(lambda db: step(db, sender, sent))

    def _must_be_worth_writing(self, db: Session, sent: Mapping[str, str]) -> None:
        if sent["grant_type"] == DEVICE_CODE:
            if "device_code" not in sent:
                raise InvalidRequest("Send the device_code")
            kid = self.keys.current_kid
            error = device_grant.looked_at(db, self.digests, self.polls, sent["device_code"], kid)
            if error is not None:
                raise error
        elif "refresh_token" not in sent:
            raise InvalidRequest("Send the refresh_token")
        else:
            token = refresh_grant.find(db, self.digests, sent["refresh_token"])
            if token is None:
                raise InvalidGrant(refresh_grant.OVER)
            # One that was used ends the login, and does so however often it was refreshed.
            if token.used_at is None:
                self.refresh_limit.must_allow(token.login_guid)

    def _written(self, step: Callable[[Session], Answer | OAuthError]) -> Answer:
        """What a step returns is kept, a refusal that has to be remembered included; what it raises is undone."""
        with self.store.writing() as db:
            found = step(db)
        if isinstance(found, OAuthError):
            raise found
        return found

    def _redeem(self, db: Session, sender: Sender, sent: Mapping[str, str]) -> Answer | OAuthError:
        found = device_grant.redeem(db, self.digests, sent["device_code"], sender.address, self.lives.whole)
        # RFC 8628 §3.5 has this word for whoever may not come in after all.
        return found if isinstance(found, OAuthError) else self._token(db, found, None, AccessDenied)

    def _refresh(self, db: Session, sender: Sender, sent: Mapping[str, str]) -> Answer | OAuthError:
        found = refresh_grant.rotate(db, self.digests, sent["refresh_token"], sender.address, self.lives.idle)
        return found if isinstance(found, OAuthError) else self._token(db, found, sent.get("scope"), InvalidGrant)

    def _token(self, db: Session, renewed: Renewed, wanted: str | None, no: type[OAuthError]) -> Answer:
        """Raises `no` or InvalidScope, which leaves everything as it was."""
        login = queries.by_login_guid(db, renewed.login_guid, self.keys.current_kid)
        reason = refused(login, renewed.moment.timestamp()) if login else None
        if login is None or reason is not None:
            raise no(reason or refresh_grant.OVER)
        if login.kid is None:
            # Another process has retired the key this one signs with.
            self.keys.refresh()
        if wanted is not None:
            login = login._replace(scope=refresh_grant.narrowed(login.scope, wanted))
        if not held(login):
            raise no("Your role holds nothing any more of what was approved: sign in again")
        issued = self.tokens.issue(login)
        members = {
            "access_token": issued.token.decode(),
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "scope": issued.scope,
            "created_at": issued.created_at,
            "refresh_token": renewed.refresh_token,
        }
        return Answer(200, json.dumps(members, separators=(",", ":")).encode(), HEADERS)
