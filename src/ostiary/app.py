"""Puts everything together: the two lanes, what they share, and the work beside them."""

import functools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from ostiary import __version__, upkeep
from ostiary.access.addresses import ClientAddress
from ostiary.applications import generation, key_pages, key_state_pages, new_key_pages
from ostiary.applications import pages as developers
from ostiary.applications.api import router as applications
from ostiary.applications.observation import pages as observation_pages
from ostiary.applications.usage import Usage
from ostiary.banks import pages as bank_pages
from ostiary.banks.api import router as banks
from ostiary.customers import pages as customer_pages
from ostiary.customers.api import router as customers
from ostiary.dashboard import activity, device, overview, promotion, start, start_keys, token_doctor
from ostiary.dashboard import pages as way_in
from ostiary.dashboard.frame import frame_of
from ostiary.db.fast_reads import FastReads, open_reads
from ostiary.house import House
from ostiary.limits.counting import open_counting
from ostiary.oauth import (
    customer_tokens,
    device_authorization,
    forward_auth,
    introspection,
    jwks,
    metadata,
    protected_resource,
    queries,
    revocation,
)
from ostiary.oauth.access_tokens import AccessTokens
from ostiary.oauth.bearer import BearerCheck
from ostiary.oauth.client_check import ClientCheck
from ostiary.oauth.client_endpoint import ClientEndpoint
from ostiary.oauth.customer_tokens import CustomerTokens
from ostiary.oauth.device_authorization import DeviceAuthorization
from ostiary.oauth.forward_auth import ForwardAuth
from ostiary.oauth.guard import ApiGuard
from ostiary.oauth.introspection import Introspection
from ostiary.oauth.limiting import Limiting, RefreshLimit
from ostiary.oauth.login_grants import LoginGrants, LoginLives
from ostiary.oauth.logins import LoginCheck, LoginTokens
from ostiary.oauth.presented import Digests
from ostiary.oauth.readiness import Readiness
from ostiary.oauth.revocation import LoginEnd, TokenRevocation
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.oauth.token import PATH as TOKEN_PATH
from ostiary.oauth.token import TokenEndpoint, TokenSeconds
from ostiary.organizations import pages as organization_pages
from ostiary.organizations.api import router as organizations
from ostiary.settings import Settings
from ostiary.users import account_pages, entry_pages, session, team_pages
from ostiary.users.api import router as users
from ostiary.users.entry import Entrance
from ostiary.users.session import Sessions
from ostiary.users.throttle import SignInThrottle
from ostiary.web import (
    assets,
    background,
    description,
    headers,
    health,
    patterns,
    published,
    reference,
    refusals,
    request_ids,
    theme,
)
from ostiary.web.asgi import App, Receive, Scope, Send
from ostiary.web.challenges import RESOURCE_METADATA
from ostiary.web.durations import Durations, Kind
from ostiary.web.health import Health
from ostiary.web.idempotency import Memory
from ostiary.web.page_server import PageServer
from ostiary.web.rendering import Templates
from ostiary.web.routes import DIGESTER, ISSUER, LIMITS, MEMORY, SEAL, STORE
from ostiary.web.spans import Tracing, Untraced
from ostiary.web.together import Together

# Rooms that have templates, and the tables of their pages.
ROOMS = ("users", "organizations", "banks", "applications", "customers", "dashboard")
PAGES = (
    theme.pages,
    entry_pages.pages,
    account_pages.pages,
    team_pages.pages,
    way_in.pages,
    overview.pages,
    activity.pages,
    token_doctor.pages,
    device.pages,
    start.pages,
    start_keys.pages,
    organization_pages.pages,
    bank_pages.pages,
    promotion.pages,
    customer_pages.pages,
    developers.pages,
    # Before the page of one key, which would take `new` for its guid.
    new_key_pages.pages,
    key_pages.pages,
    key_state_pages.pages,
    observation_pages.pages,
)
UNTRACED = Untraced()
# What programs ask for; everything else is for people.
PROGRAMS = ("/api/", "/.well-known/")


class Ostiary:
    """The server as one ASGI application."""

    def __init__(self, house: House, tracing: Tracing = UNTRACED) -> None:
        settings = house.settings
        self._tracing = tracing
        self.store = house.store
        self.usage = Usage()
        self.counting = open_counting(settings, house.limit_name_key)
        self.limiting = Limiting(self.counting)
        self.durations = Durations()
        self._login_lives = LoginLives.chosen(settings)
        self.keys = SigningKeys(house.store, house.signing_key_seal)
        self._work = functools.partial(upkeep.work, house, self.usage, self.keys, self.limiting, self._login_lives.idle)
        self._reads: FastReads = open_reads(house.store)
        tokens = AccessTokens(settings.issuer, self.keys)
        digests = Digests(house.digester)
        client = ClientCheck(house.digester, ClientAddress(settings.trusted_proxies))
        self.token = self._token_endpoint(settings, client, tokens, digests)
        answered = Together(self.token.answers, self.durations, waits=self.token.waits)
        self.immediate = {} if tracing.is_on else {TOKEN_PATH.encode(): answered}
        bearer = self._bearer_check(client, tokens)
        readiness = Readiness(self._reads.lookup(queries.BY_SIGNING_KEY, queries.by_signing_key), self.keys)
        self.health = Health(readiness, client.client_address)
        guarded = functools.partial(headers.guarded, is_https=settings.is_https)
        timed = self._watched
        self._forward_auth = timed(Kind.OAUTH, guarded(ForwardAuth(bearer, settings.issuer + protected_resource.PATH)))
        # Before every other path, and without what the API and pages have in common.
        self._direct: Mapping[str, App] = {
            health.LIVE_PATH: guarded(self.health.live),
            health.READY_PATH: guarded(self.health.ready),
            health.SENDER_PATH: guarded(self.health.sender),
            forward_auth.PATH: self._forward_auth,
            TOKEN_PATH: timed(Kind.TOKEN, self.token),
            **{path: timed(Kind.OAUTH, app) for path, app in self._of_clients(house, client, tokens, bearer)},
        }
        self.routes = self._routes(settings, tokens)
        self._api = timed(Kind.API, guarded(ApiGuard(tracing.named(self.routes), bearer, self._shared(house))))
        self._pages = timed(Kind.PAGES, guarded(tracing.named(self._page_app(house, client.client_address))))

    def _watched(self, kind: Kind, app: App) -> App:
        return self.durations.timed(kind, request_ids.named(self._tracing.traced(kind, app)))

    def _of_clients(
        self, house: House, client: ClientCheck, tokens: AccessTokens, bearer: BearerCheck
    ) -> Iterator[tuple[str, App]]:
        digests = Digests(house.digester)
        with_pair = functools.partial(ClientEndpoint, self.token.lookup, client, self.keys, self.usage, self.limiting)
        ends = TokenRevocation(house.store, tokens, digests), LoginEnd(house.store, tokens, digests)
        yield revocation.PATH, with_pair(*ends)
        yield introspection.PATH, with_pair(Introspection(bearer))
        yield device_authorization.PATH, DeviceAuthorization(house.store, digests, client, house.settings.issuer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in self._direct:
            await self._direct[scope["path"]](scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(f"{forward_auth.PATH}/"):
            await self._forward_auth(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PROGRAMS):
            await self._api(scope, receive, send)
        elif scope["type"] == "http":
            await self._pages(scope, receive, send)
        else:
            await self.routes(scope, receive, send)

    def _token_endpoint(
        self, settings: Settings, client: ClientCheck, tokens: AccessTokens, digests: Digests
    ) -> TokenEndpoint:
        of_people = LoginTokens(tokens, settings.token_seconds_user)
        return TokenEndpoint(
            lookup=self._reads.lookup(queries.BY_CLIENT_ID, queries.by_client_id),
            client=client,
            keys=self.keys,
            tokens=tokens,
            token_seconds=TokenSeconds.chosen(settings),
            usage=self.usage,
            limiting=self.limiting,
            login_grants=LoginGrants(
                self.store, digests, self.keys, of_people, self._login_lives, RefreshLimit(self.counting)
            ),
        )

    def _bearer_check(self, client: ClientCheck, tokens: AccessTokens) -> BearerCheck:
        return BearerCheck(
            lookup=self._reads.lookup(queries.BY_TOKEN, queries.by_token),
            logins=LoginCheck(self._reads.lookup(queries.BY_LOGIN, queries.by_login)),
            tokens=tokens,
            client_address=client.client_address,
            usage=self.usage,
        )

    def _shared(self, house: House) -> Mapping[str, Any]:
        """What every route of the API finds in its scope."""
        return {
            STORE: house.store,
            SEAL: house.personal_data_seal,
            DIGESTER: house.digester,
            ISSUER: house.settings.issuer,
            LIMITS: self.counting,
            MEMORY: Memory(house.store, house.master_key, functools.partial(self.usage.write, house.store)),
            RESOURCE_METADATA: house.settings.issuer + protected_resource.PATH,
        }

    def _routes(self, settings: Settings, tokens: AccessTokens) -> FastAPI:
        app = FastAPI(
            title="Ostiary",
            version=__version__,
            description=description.TEXT,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            lifespan=self._lifespan,
        )
        of_customers = customer_tokens.router(CustomerTokens(self.keys, tokens, self.token.token_seconds, self.usage))
        for router in (organizations, banks, customers, applications, users, of_customers):
            app.include_router(router)
        facts = APIRouter()
        published.publish(facts, metadata.PATH, functools.partial(metadata.document, settings.issuer))
        published.publish(
            facts, protected_resource.PATH, functools.partial(protected_resource.document, settings.issuer)
        )
        published.publish(facts, jwks.PATH, functools.partial(jwks.document, self.keys))
        app.include_router(facts)
        reference.install(app, functools.partial(description.document, app, settings.issuer))
        refusals.install(app)
        return app

    def _page_app(self, house: House, client_address: ClientAddress) -> App:
        sessions = Sessions(house.settings)
        throttle = SignInThrottle(self.counting)
        shared = {
            entry_pages.SESSIONS: sessions,
            generation.DIGESTER: house.digester,
            SEAL: house.personal_data_seal,
            token_doctor.SIGNING_KEYS: self.keys,
            device.DIGESTS: Digests(house.digester),
            device.THROTTLE: throttle,
            entry_pages.ENTRANCE: Entrance(house.store, house.settings, throttle),
        }
        return PageServer(
            store=house.store,
            settings=house.settings,
            templates=Templates(ROOMS),
            pages=(*PAGES, patterns.pages) if house.settings.development else PAGES,
            visitor_of=sessions.visitor,
            seen=session.seen,
            frame_of=frame_of,
            shared=shared,
            client_address=client_address,
        ).app([assets.mount()])

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        work = self._work()
        for each in work:
            each.start()
        yield
        background.stop(work)
        await self.close()

    async def close(self) -> None:
        """Lets go of every connection; it is of no use afterwards."""
        self._tracing.close()
        self.counting.close()
        await self._reads.close()
        self.store.close()


def create_app(settings: Settings) -> Ostiary:
    """An Ostiary ready to answer; raises ConfigurationError or StoreUnavailable when it cannot be."""
    house = House(settings)
    house.prepare()
    return Ostiary(house)
