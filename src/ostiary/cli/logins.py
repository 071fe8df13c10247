"""`ostiary login`, `logout` and `whoami`: a person signs in from a terminal, in a browser."""

import datetime as dt
import sys
import time
from collections.abc import Mapping
from typing import Annotated, Any

import httpx2
import typer

from ostiary import clock
from ostiary.cli import server_address, show
from ostiary.cli.login_client import (
    DEVICE_CODE,
    LONGEST_PAUSE_SECONDS,
    SLOWER_SECONDS,
    Codes,
    LoginClient,
    NoAnswer,
    Refusal,
    ask,
    codes_of,
    profile_of,
)
from ostiary.cli.login_profile import PROFILE, USUAL_NAME, NotSignedIn, Profile, ProfileFile
from ostiary.cli.remote.api import Api
from ostiary.cli.remote.login import LoginToken
from ostiary.cli.remote.place import claims_of
from ostiary.cli.remote.refusals import Refused
from ostiary.cli.session import JsonFlag, fail, plain_refusals

SIGNS = "|/-\\"

ProfileOption = Annotated[
    str, typer.Option("--profile", envvar=PROFILE, metavar="NAME", help="Name of the login on this machine.")
]


def login(
    server: Annotated[str | None, typer.Option(help="Where to sign in; left out: the configured public URL.")] = None,
    bank: Annotated[str | None, typer.Option(help="Guid of the bank to work in.")] = None,
    scope: Annotated[str | None, typer.Option(help="Names with blanks between; left out: all that you hold.")] = None,
    profile: ProfileOption = USUAL_NAME,
    json: JsonFlag = False,
) -> None:
    """Sign in: approve this terminal in a browser, on this or any other device."""
    file = ProfileFile.named(profile)
    url = server_address.chosen(server)
    asked = {name: value for name, value in (("bank_guid", bank), ("scope", scope)) if value}
    with plain_refusals():
        codes = codes_of(url, ask(url, "/oauth/device_authorization", asked))
        _tell_how(codes)
        fresh = profile_of(url, _approved(file, url, codes))
        with file.locked():
            before = _before(file)
            file.save(fresh)
        if before is not None:
            _end(before)
    _show(profile, fresh, {}, json_wanted=json)


def logout(profile: ProfileOption = USUAL_NAME, json: JsonFlag = False) -> None:
    """Sign out: end the login at the server, and forget it here."""
    file = ProfileFile.named(profile)
    with plain_refusals(), file.locked():
        known = file.get()
        is_ended = _end(known)
        file.delete()
    if not is_ended:
        fail(
            f"Forgotten here, but {known.server} did not answer: the login lives on there. End it in the dashboard, "
            "under Settings, Your account."
        )
    show.facts({"profile": profile, "server": known.server, "status": "signed out"}, json_wanted=json)


def whoami(profile: ProfileOption = USUAL_NAME, json: JsonFlag = False) -> None:
    """Say who is signed in, where, and for which bank; the server is asked."""
    file = ProfileFile.named(profile)
    with plain_refusals(), Api(server_address.checked(file.get().server), LoginToken(LoginClient(file))) as api:
        claims = claims_of(file.get().access_token)
        names = {
            "person": _name(api, f"/api/users/{claims.get('sub')}"),
            "organization": _name(api, f"/api/organizations/{claims.get('organization_guid')}"),
        }
        if claims.get("bank_guid"):
            names["bank"] = _name(api, f"/api/banks/{claims['bank_guid']}")
        known = file.get()
    _show(profile, known, {name: value for name, value in names.items() if value}, json_wanted=json)


def _tell_how(codes: Codes) -> None:
    typer.echo(f"Open  {show.clean(codes.link)}\nand compare the code:  {show.clean(codes.user_code)}", err=True)


def _approved(file: ProfileFile, server: str, codes: Codes) -> dict[str, Any]:
    """Waits for the person; raises Refusal, as RFC 8628 §3.5 lets the server say it."""
    sent = {"grant_type": DEVICE_CODE, "device_code": codes.device_code}
    pause = max(1, codes.interval)
    until = time.monotonic() + codes.expires_in
    while time.monotonic() < until:
        _wait(pause)
        try:
            return ask(server, "/oauth/token", sent)
        except Refusal as refusal:
            if refusal.error == "slow_down":
                pause += SLOWER_SECONDS
            elif refusal.error != "authorization_pending":
                raise
        except NoAnswer:
            # RFC 8628 §3.5: less and less often.
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    raise Refusal("expired_token", f"Nobody approved it in time: begin anew with: {file.way_in()}")


def _wait(seconds: int) -> None:
    """With a sign of life for whoever looks at a terminal."""
    ends_at = time.monotonic() + seconds
    is_watched = sys.stderr.isatty()
    while (left := ends_at - time.monotonic()) > 0:
        if is_watched:
            typer.echo(f"\rWaiting for you to approve it {SIGNS[int(4 * left) % len(SIGNS)]} ", err=True, nl=False)
        time.sleep(min(left, 0.25) if is_watched else left)
    if is_watched:
        typer.echo("\r\033[K", err=True, nl=False)


def _before(file: ProfileFile) -> Profile | None:
    try:
        return file.find()
    except NotSignedIn:
        return None


def _end(known: Profile) -> bool:
    """RFC 7009. False when the server could not be told; one that says no has nothing left to end."""
    try:
        ask(known.server, "/oauth/revoke", {"token": known.refresh_token})
    except NoAnswer:
        return False
    except Refusal:
        return True
    return True


def _name(api: Api, path: str) -> str:
    """What a thing is called, for whoever may know; raises Refused when the login has ended."""
    try:
        told = api.get(path)
    except Refused as refused:
        if refused.is_absence or refused.status == httpx2.codes.FORBIDDEN:
            return ""
        raise
    return str(told.get("email") or told.get("name") or "")


def _show(profile: str, known: Profile, names: Mapping[str, str], *, json_wanted: bool) -> None:
    claims = claims_of(known.access_token)
    scopes = str(claims.get("scope") or "").split()
    shown = {
        "profile": profile,
        "server": known.server,
        **names,
        "user_guid": claims.get("sub"),
        "organization_guid": claims.get("organization_guid"),
        "bank_guid": claims.get("bank_guid"),
        "scope": scopes if json_wanted else f"{len(scopes)} scopes",
        "token_expires_at": clock.on_the_wire(dt.datetime.fromtimestamp(known.expires_at, clock.UTC)),
    }
    show.facts(shown, json_wanted=json_wanted)
