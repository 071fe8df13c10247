"""Codes and refresh tokens are in the answers that made them and nowhere else; a user code also where it is typed."""

from collections.abc import Iterator
from typing import Any

import httpx2

from ostiary.users.models import Role
from tests.durability.installation import Installation
from tests.people import BROWSER, add_organization, add_person, open_session
from tests.programs import CLIENT_ID, DEVICE_CODE
from tests.secrecy.requests import FORM, JSON, Request, send
from tests.secrecy.search import finds
from tests.secrecy.test_planted import everywhere

Answer = httpx2.Response


def form(**sent: str) -> bytes:
    return "&".join(f"{name}={value.replace(':', '%3A')}" for name, value in sent.items()).encode()


def post(http: httpx2.Client, path: str, **sent: str) -> Answer:
    return http.post(path, headers=FORM, content=form(client_id=CLIENT_ID, **sent))


def misplaced(words: dict[str, str]) -> Iterator[Request]:
    """Each word where it does not belong."""
    for word in words.values():
        yield "GET", f"/{word}", {}, b""
        yield "POST", f"/oauth/token?refresh_token={word}", FORM, b""
        yield "GET", "/api/banks", {"authorization": f"Bearer {word}"}, b""
        yield "POST", "/oauth/introspect", FORM, form(client_id=CLIENT_ID, token=word)
        yield "POST", "/oauth/token", JSON, f'{{"refresh_token": "{word}"'.encode()
        for path in ("/oauth/token", "/oauth/device_authorization", "/oauth/revoke"):
            for name in ("client_id", "scope", "bank_guid", "grant_type", "client_secret", "token", "device_code"):
                yield "POST", path, FORM, form(**{"client_id": CLIENT_ID, name: word})


def test_shows_them_nowhere_else(talkative: Installation) -> None:
    store = talkative.office.house.store
    acme = add_organization(store, "Acme")
    person = add_person(store, "Alice", acme, Role.OWNER)
    base_url = talkative.live.base_url
    with httpx2.Client(base_url=base_url, timeout=30) as http:
        codes: dict[str, Any] = post(http, "/oauth/device_authorization").json()
        poll = {"grant_type": DEVICE_CODE, "device_code": codes["device_code"]}
        assert post(http, "/oauth/token", **poll).json()["error"] == "authorization_pending"
        browser = BROWSER | FORM | {"cookie": f"ostiary={open_session(store, person)}"}
        shown = http.get(f"/device?user_code={codes['user_code']}", headers=browser)
        sent = {"user_code": codes["user_code"], "organization_guid": acme, "confirmed": "yes"}
        approved = http.post("/device/approval", headers=browser, content=form(**sent))
        assert (shown.status_code, approved.status_code) == (200, 303)
        first = post(http, "/oauth/token", **poll).json()
        second = post(http, "/oauth/token", grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
        pages = [http.get(path, headers=browser) for path in ("/activity", "/settings/account", "/activity.csv")]
        reused = post(http, "/oauth/token", grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert reused.json()["error"] == "invalid_grant"
    secret = {
        "device code": codes["device_code"],
        "first refresh token": first["refresh_token"],
        "second refresh token": second["refresh_token"],
        "access token": first["access_token"].rpartition(".")[2],
    }
    letters = {"user code": codes["user_code"], "its letters": codes["user_code"].replace("-", "")}
    assert finds(secret, [("the page", shown.content + str(approved.headers).encode())]) == []
    assert finds(letters, [("after it", str(approved.headers).encode() + approved.content)]) == []
    refusals = [
        (name, one.content + str(one.headers).encode()) for name, one in send(base_url, misplaced(secret | letters))
    ]
    assert finds(secret | letters, refusals) == []
    assert finds(secret | letters, [(str(one.url), one.content) for one in [*pages, reused]]) == []
    assert finds(secret | letters, everywhere(talkative)) == []
