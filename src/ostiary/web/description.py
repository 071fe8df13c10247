"""The API described: OpenAPI made from the routes, with the OAuth endpoints that stand in front of them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ostiary.web.asgi import FORM_TYPE, JSON_TYPE

TEXT = """Trade a key pair for a token at `POST /oauth/token`, then send it as `Authorization: Bearer …`.
A bank key's token runs in its bank: `bank_guid` in a query or body is ignored. It makes tokens for single
customers of the bank at `POST /api/customer_tokens`.
Keys and people are managed by people, with the token of a login."""

PROBLEM = {
    "type": "object",
    "required": ["status", "error_message", "message_code"],
    "properties": {
        "status": {"type": "integer"},
        "error_message": {"type": "string"},
        "message_code": {"type": "string"},
        "rule": {"type": "string", "description": "Of a 401 or 403: which rule was broken."},
        "what_to_do": {"type": "string"},
    },
}

TOKEN_REQUEST = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {
            "type": "string",
            "enum": ["client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        },
        # RFC 6749 §3.2: what has no value counts as left out.
        "client_id": {"type": ["string", "null"]},
        "client_secret": {"type": ["string", "null"], "format": "password"},
        "scope": {
            "type": ["string", "null"],
            "description": "Names with blanks between; left out: all the key may hold.",
        },
        "device_code": {"type": ["string", "null"], "description": "Of a program in which a person signs in."},
        "refresh_token": {"type": ["string", "null"], "description": "Likewise; it works once."},
    },
}

DEVICE_REQUEST = {
    "type": "object",
    "required": ["client_id"],
    "properties": {
        "client_id": {"type": "string", "description": "ostiary-cli, which has no secret."},
        "scope": {"type": ["string", "null"], "description": "Left out: all that the person holds."},
        "bank_guid": {"type": ["string", "null"], "description": "The bank that the login is bound to."},
    },
}

DEVICE_ANSWER = {
    "type": "object",
    "required": [
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    ],
    "properties": {
        "device_code": {"type": "string"},
        "user_code": {"type": "string"},
        "verification_uri": {"type": "string"},
        "verification_uri_complete": {"type": "string"},
        "expires_in": {"type": "integer", "description": "Seconds."},
        "interval": {"type": "integer", "description": "Seconds between two questions at /oauth/token."},
    },
}

PRESENTED_TOKEN = {
    "type": "object",
    "required": ["token"],
    "properties": {
        "token": {"type": "string"},
        "token_type_hint": {"description": "Changes nothing: a token tells what it is."},
        "client_id": {"type": ["string", "null"]},
        "client_secret": {"type": ["string", "null"], "format": "password"},
    },
}

TOKEN_STATE = {
    "type": "object",
    "required": ["active"],
    "properties": {
        "active": {"type": "boolean", "description": "Without it nothing else is told."},
        "scope": {"type": "string"},
        "client_id": {"type": "string"},
        "token_type": {"type": "string", "enum": ["Bearer"]},
        "exp": {"type": "integer", "description": "Seconds since 1970."},
        "iat": {"type": "integer", "description": "Seconds since 1970."},
        "sub": {"type": "string"},
        "aud": {"type": "string"},
        "iss": {"type": "string"},
        "jti": {"type": "string"},
        "sub_type": {"type": "string", "enum": ["bank", "organization", "customer", "user"]},
        "organization_guid": {"type": "string"},
        "bank_guid": {"type": "string"},
        "bank_type": {"type": "string", "enum": ["sandbox", "production"]},
        "ip_allowlist": {"type": "array", "items": {"type": "string"}, "description": "Of a customer's token."},
        "inherit_ip_allowlist": {"type": "boolean", "description": "Of a customer's token."},
        "sid": {"type": "string", "description": "Which login, of a person's token."},
    },
}

TOKEN_ANSWER = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in", "scope", "created_at"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string", "enum": ["Bearer"]},
        "expires_in": {"type": "integer", "description": "Seconds."},
        "scope": {"type": "string"},
        "created_at": {"type": "integer", "description": "Seconds since 1970."},
        "refresh_token": {"type": "string", "description": "For programs in which a person signed in."},
    },
}

OAUTH_ERROR = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {
        "error": {"type": "string"},
        "error_description": {"type": "string"},
        "rule": {"type": "string", "description": "Of a 401: which rule was broken."},
        "what_to_do": {"type": "string"},
    },
}

REFUSALS = {
    "400": "The request cannot be read.",
    "401": "The token is missing, expired, refused, or of the wrong kind.",
    "403": "The token lacks a scope, or its key may not be used from here.",
    "413": "The body is too large.",
    "503": "The database is away; nothing was changed.",
}
OF_ONE = {"404": "Not there, or not yours."}
OF_BODIES = {"422": "A rule of the platform is broken."}
OF_CHANGES = {"409": "Something is there already, is being worked on, or has to be done first; the answer says what."}


# Operations of the API that are counted.
LIMITED = {"/api/customer_tokens"}
TOO_MANY = "More requests came than a limit allows; `Retry-After` says how long to wait."


def document(app: FastAPI, issuer: str) -> dict[str, Any]:
    described = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": issuer}],
    )
    components = described.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    # FastAPI's own error model is never sent.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas |= {
        "Problem": PROBLEM,
        "OAuthError": OAUTH_ERROR,
        "Token": TOKEN_ANSWER,
        "TokenRequest": TOKEN_REQUEST,
        "PresentedToken": PRESENTED_TOKEN,
        "TokenState": TOKEN_STATE,
        "DeviceRequest": DEVICE_REQUEST,
        "DeviceCodes": DEVICE_ANSWER,
        "Nothing": {"type": "object", "additionalProperties": False},
    }
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            operation["security"] = [{"token": []}]
            # FastAPI's own, of the model above.
            operation["responses"].pop("422", None)
            operation["responses"] |= _refusals(
                has_body="requestBody" in operation,
                is_of_one="{" in path,
                is_change=method != "get",
                is_limited=path in LIMITED,
            )
    described["paths"] |= {path: {"post": operation} for path, operation in _oauth_operations().items()}
    return described


def _refusals(*, has_body: bool, is_of_one: bool, is_change: bool, is_limited: bool) -> dict[str, Any]:
    meant = REFUSALS | (OF_BODIES if has_body else {}) | (OF_ONE if is_of_one else {})
    meant |= (OF_CHANGES if is_change else {}) | ({"429": TOO_MANY} if is_limited else {})
    return {status: _answer(meaning, "Problem") for status, meaning in sorted(meant.items())}


def _oauth_operations() -> dict[str, dict[str, Any]]:
    """What is asked for with a key pair, or by a program that nobody has signed in to yet: not with a token."""
    pair = "The secret travels in the body or as HTTP Basic, never both."
    return {
        "/oauth/token": _pair_operation(
            ("create_token", "Create Token", f"RFC 6749 §4.4; of people, RFC 8628 §3.4. {pair}"),
            "TokenRequest",
            _answer("A token.", "Token"),
            "The request is wrong, or asks for scopes the key cannot have.",
        ),
        "/oauth/revoke": _pair_operation(
            (
                "revoke_token",
                "Revoke Token",
                f"RFC 7009. One token of the key that asks, which lives on; or a login, by its program. {pair}",
            ),
            "PresentedToken",
            _answer("From now on the token is refused, or it never was one.", "Nothing"),
            "The request is wrong, or the token was issued to another key.",
        ),
        "/oauth/device_authorization": _device_operation(),
        "/oauth/introspect": _pair_operation(
            (
                "introspect_token",
                "Introspect Token",
                f"RFC 7662. Bank keys are told about their bank, organization keys about their organization. {pair}",
            ),
            "PresentedToken",
            _answer("Whether the token counts at this moment.", "TokenState"),
            "The request is wrong.",
        ),
    }


def _device_operation() -> dict[str, Any]:
    made = _pair_operation(
        (
            "create_device_code",
            "Create Device Code",
            "RFC 8628. A program asks for a code that a person approves in a browser.",
        ),
        "DeviceRequest",
        _answer("The codes.", "DeviceCodes"),
        "The request is wrong, or asks for a scope that does not exist.",
    )
    made["responses"].pop("401")
    return made


def _pair_operation(names: tuple[str, str, str], body: str, answer: dict[str, Any], wrong: str) -> dict[str, Any]:
    sent = {"schema": {"$ref": f"#/components/schemas/{body}"}}
    operation_id, summary, description = names
    return {
        "tags": ["tokens"],
        "summary": summary,
        "operationId": operation_id,
        "description": description,
        "security": [],
        "requestBody": {"required": True, "content": {JSON_TYPE: sent, FORM_TYPE: sent}},
        "responses": {
            "200": answer,
            "400": _answer(wrong, "OAuthError"),
            "401": _answer("The key pair does not authenticate.", "OAuthError"),
            "413": _answer("The body is too large.", "OAuthError"),
            "415": _answer("The body is neither JSON nor a form, or is compressed.", "OAuthError"),
            "429": _answer(TOO_MANY, "OAuthError"),
            "503": _answer("The database is away; try again.", "OAuthError"),
        },
    }


def _answer(meaning: str, schema: str) -> dict[str, Any]:
    return {"description": meaning, "content": {JSON_TYPE: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
