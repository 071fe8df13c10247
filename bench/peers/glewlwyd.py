"""Glewlwyd on SQLite: its database made and filled, its OpenID Connect plugin set up over its own API."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from bench.exchange import HOST, Request, ask_well
from bench.peers import programs
from bench.peers.setup import TOKEN_SECONDS, Setup
from bench.processes import Place, start, stop
from bench.scenarios import SCOPE
from bench.servers import wait_until_ready

# The Debian package's, with an administrator whose password everybody knows.
SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
LIBRARIES = Path("/usr/lib/glewlwyd")
ADMINISTRATOR = {"username": "admin", "password": "password"}
PLUGIN = "oauth"
TOKEN_PATH = f"/api/{PLUGIN}/token"
WEB = Request("GET", "/index.html")
CONFIGURED = ("auth-type-code", "auth-type-token", "auth-type-password", "auth-type-device", "auth-type-refresh")


@contextmanager
def serving(setup: Setup, core: Place, iterations: int | None = None) -> Iterator[int]:
    """Its process; without a number of iterations the hash is the default one."""
    database = setup.folder / "glewlwyd.db"
    make_database(database, iterations)
    (setup.folder / WEB.path[1:]).touch()
    with running(setup, core):
        configure(setup)
    copy_client(database, [pair.client_id for pair in setup.pairs])
    with running(setup, core) as pid:
        yield pid


@contextmanager
def running(setup: Setup, core: Place) -> Iterator[int]:
    log = setup.folder / "glewlwyd.log"
    process = start(core, [str(programs.glewlwyd()), "--env-variables"], environment(setup), log)
    try:
        wait_until_ready(process, setup.port, log, WEB)
        yield process.pid
    finally:
        stop(process)


def environment(setup: Setup) -> dict[str, str]:
    """Everything, for it reads no other configuration then."""
    told = {
        "PORT": str(setup.port),
        "BIND_ADDRESS": HOST,
        "EXTERNAL_URL": setup.issuer,
        "LOGIN_URL": "login.html",
        "API_PREFIX": "api",
        "STATIC_FILES_PATH": str(setup.folder),
        "LOG_MODE": "console",
        "LOG_LEVEL": "ERROR",
        "COOKIE_DOMAIN": HOST,
        "COOKIE_SECURE": "0",
        "SESSION_KEY": "session",
        "ADMIN_SCOPE": "g_admin",
        "PROFILE_SCOPE": "g_profile",
        "USER_MODULE_PATH": str(LIBRARIES / "user"),
        "USER_MIDDLEWARE_MODULE_PATH": str(setup.folder),
        "CLIENT_MODULE_PATH": str(LIBRARIES / "client"),
        "AUTH_SCHEME_MODULE_PATH": str(LIBRARIES / "scheme"),
        "PLUGIN_MODULE_PATH": str(LIBRARIES / "plugin"),
        "HASH_ALGORITHM": "SHA256",
        "DATABASE_TYPE": "sqlite3",
        "DATABASE_SQLITE3_PATH": str(setup.folder / "glewlwyd.db"),
    }
    return {**os.environ, **{f"GLWD_{name}": value for name, value in told.items()}}


def make_database(database: Path, iterations: int | None) -> None:
    if not SCHEMA.is_file():
        raise programs.Missing(f"Glewlwyd's schema is not at {SCHEMA}: is it Debian's package?")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(SCHEMA.read_text())
        if iterations is not None:
            statement = "UPDATE g_client_module_instance SET gcmi_parameters = json_set(gcmi_parameters, ?, ?)"
            connection.execute(statement, ("$.pbkdf2-iterations", iterations))
    with closing(sqlite3.connect(database)) as connection:
        # It stays with the file, and commits are cheaper with it.
        connection.execute("PRAGMA journal_mode = WAL")


def configure(setup: Setup) -> None:
    """Three scopes, the plugin that issues tokens, and the first client."""
    signed_in = dict(ask_well(setup.port, posted("auth/", ADMINISTRATOR)).headers)
    cookie = signed_in["Set-Cookie"].partition(";")[0]
    first = setup.pairs[0]
    client = {
        "client_id": first.client_id,
        "password": first.client_secret,
        "name": "Client",
        "enabled": True,
        "confidential": True,
        "scope": SCOPE.split(),
        "authorization_type": ["client_credentials"],
        "token_endpoint_auth_method": ["client_secret_post"],
    }
    for scope in SCOPE.split():
        ask_well(setup.port, posted("scope/", {"name": scope, "password_required": False}, cookie))
    ask_well(setup.port, posted("mod/plugin/", plugin(setup), cookie))
    ask_well(setup.port, posted("client/?source=database", client, cookie))


def plugin(setup: Setup) -> dict[str, Any]:
    parameters = {
        "iss": setup.issuer,
        "jwks-private": json.dumps({"keys": [setup.key]}),
        "default-kid": setup.key["kid"],
        "access-token-duration": TOKEN_SECONDS,
        "refresh-token-duration": TOKEN_SECONDS,
        "code-duration": TOKEN_SECONDS,
        "refresh-token-rolling": False,
        "allow-non-oidc": True,
        "auth-type-client-enabled": True,
        **{f"{name}-enabled": False for name in CONFIGURED},
    }
    return {"module": "oidc", "name": PLUGIN, "display_name": "OpenID Connect", "parameters": parameters}


def posted(path: str, members: Mapping[str, object], cookie: str = "") -> Request:
    headers = (("Content-Type", "application/json"), ("Cookie", cookie))
    return Request("POST", f"/api/{path}", headers, json.dumps(members).encode())


def copy_client(database: Path, client_ids: list[str]) -> None:
    """The first one's rows for all others, its hash included."""
    with closing(sqlite3.connect(database)) as connection, connection:
        (first,) = connection.execute("SELECT gc_id FROM g_client WHERE gc_client_id = ?", client_ids[:1]).fetchone()
        for client_id in client_ids[1:]:
            new = connection.execute(
                "INSERT INTO g_client (gc_client_id, gc_name, gc_confidential, gc_password, gc_enabled) "
                "SELECT ?, gc_name, gc_confidential, gc_password, gc_enabled FROM g_client WHERE gc_id = ?",
                (client_id, first),
            ).lastrowid
            connection.execute(
                "INSERT INTO g_client_scope_client (gc_id, gcs_id) "
                "SELECT ?, gcs_id FROM g_client_scope_client WHERE gc_id = ?",
                (new, first),
            )
            connection.execute(
                "INSERT INTO g_client_property (gc_id, gcp_name, gcp_value) "
                "SELECT ?, gcp_name, gcp_value FROM g_client_property WHERE gc_id = ?",
                (new, first),
            )
