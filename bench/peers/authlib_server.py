"""Authlib's authorization server on Flask, with the models of its documentation on SQLite, or with SQLite alone.

Started by gunicorn as `bench.peers.authlib_server:application('SETUP', 'STORE')`.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_query_client_func,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask
from joserfc.jwk import ECKey
from sqlalchemy import Column, Integer, create_engine, event
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

# How a client is found, and what becomes of a token.
Store = tuple[Callable[[str], Any], Callable[[Any, Any], None]]
METHOD = "client_secret_post"
GRANT = "client_credentials"
# With SQLite's defaults each token would wait for the disk.
PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"

Base: Any = declarative_base()


class Client(Base, OAuth2ClientMixin):  # type: ignore[misc]  # nothing here has types
    __tablename__ = "client"
    id = Column(Integer, primary_key=True)


class Token(Base, OAuth2TokenMixin):  # type: ignore[misc]
    __tablename__ = "token"
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer)


@dataclass
class PlainClient(ClientMixin):  # type: ignore[misc]
    """As little of a client as the grant can do with."""

    client_id: str
    secret: str
    scope: str

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(each for each in scope.split() if each in self.scope.split())

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret == client_secret

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == METHOD

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)


class Generator(JWTBearerTokenGenerator):  # type: ignore[misc]
    def __init__(self, setup: dict[str, Any]) -> None:
        super().__init__(setup["issuer"], "ES256", expires_generator=lambda _client, _grant: setup["seconds"])
        self.key = ECKey.import_key(setup["jwk"])
        self.audience = setup["audience"]

    def get_jwks(self) -> ECKey:
        return self.key

    def get_audiences(self, _client: object, _user: object, _scope: str) -> str:
        return str(self.audience)


def documented(setup: dict[str, Any], database: Path, app: Flask) -> Store:
    """SQLAlchemy, a row for each client and one for each token."""
    engine = create_engine(f"sqlite:///{database}")
    event.listen(engine, "connect", lambda connection, _record: connection.executescript(PRAGMAS))
    Base.metadata.create_all(engine)
    session = scoped_session(sessionmaker(engine))
    app.teardown_appcontext(lambda _error: session.remove())
    what_it_may = {"scope": setup["scope"], "grant_types": [GRANT], "token_endpoint_auth_method": METHOD}
    for client_id, secret in setup["clients"]:
        client = Client(client_id=client_id, client_secret=secret)
        client.set_client_metadata(what_it_may)
        session.add(client)
    session.commit()
    session.remove()
    return create_query_client_func(session, Client), create_save_token_func(session, Token)


def plain(setup: dict[str, Any], database: Path, _app: Flask) -> Store:
    """One indexed look-up, and no row for a token: it says all there is to say."""
    with sqlite3.connect(database) as filling:
        filling.execute("CREATE TABLE client (client_id TEXT PRIMARY KEY, secret TEXT, scope TEXT) WITHOUT ROWID")
        rows = [(*pair, setup["scope"]) for pair in setup["clients"]]
        filling.executemany("INSERT INTO client VALUES (?, ?, ?)", rows)
    reading = sqlite3.connect(database, check_same_thread=False)

    def find(client_id: str) -> PlainClient | None:
        found = reading.execute("SELECT * FROM client WHERE client_id = ?", (client_id,)).fetchone()
        return PlainClient(*found) if found else None

    return find, lambda _token, _request: None


def application(path: str, store: str) -> Flask:
    setup = json.loads(Path(path).read_text())
    app = Flask(__name__)
    build = {"documented": documented, "plain": plain}[store]
    find, save = build(setup, Path(path).with_suffix(".db"), app)
    server = AuthorizationServer(app, query_client=find, save_token=save)
    server.register_token_generator("default", Generator(setup))
    server.register_grant(ClientCredentials)
    app.add_url_rule("/oauth/token", view_func=server.create_token_response, methods=["POST"])
    return app
