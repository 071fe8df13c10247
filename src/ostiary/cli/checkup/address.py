"""Whether callers reach this server at its public address, in secret, and as who they are."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx2

from ostiary.access.addresses import SenderWay
from ostiary.cli.checkup.finding import Finding, fine, wrong
from ostiary.oauth import jwks, metadata
from ostiary.settings import Settings, is_loopback
from ostiary.web.health import LIVE_PATH, SENDER_PATH

WAIT_SECONDS = 5
# Nobody has it (RFC 5737).
SPOOFED = "203.0.113.99"
NO_ANSWER = (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, ValueError, RecursionError)


def findings(settings: Settings, kids: frozenset[str]) -> Iterator[Finding]:
    """`kids`: the signing keys that have to be published."""
    issuer = settings.issuer
    parts = urlsplit(issuer)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        what_to_do = "Put a proxy with TLS in front, and let OSTIARY_PUBLIC_URL begin with https://."
        yield wrong("transport", f"secrets and tokens cross the network to {issuer} in clear", what_to_do)
    try:
        described = _asked(f"{issuer}{metadata.PATH}")
        published = {str(key.get("kid")) for key in _asked(f"{issuer}{jwks.PATH}")["keys"]}
        way = SenderWay(_asked(f"{issuer}{SENDER_PATH}")["way"])
        spoofed = str(_asked(f"{issuer}{SENDER_PATH}", {"X-Forwarded-For": SPOOFED})["address"])
    except (*NO_ANSWER, KeyError, TypeError, AttributeError) as error:
        yield _unanswered(settings, error)
        return
    yield _issuer(issuer, described)
    yield _published(issuer, published, kids)
    yield _proxies(settings, parts, way, spoofed)


def _asked(url: str, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - whatever JSON holds
    return httpx2.get(url, headers=headers, timeout=WAIT_SECONDS).raise_for_status().json()


def _unanswered(settings: Settings, error: Exception) -> Finding:
    local = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        _asked(f"http://{local}:{settings.port}{LIVE_PATH}")
    except NO_ANSWER:
        return fine("public address", "no server runs here, so the way to it was not looked at")
    said = f"a server runs here, but {settings.issuer} does not answer like an Ostiary: {error}"
    return wrong("public address", said, "Let the proxy pass every path on, or correct OSTIARY_PUBLIC_URL.")


def _issuer(issuer: str, described: Any) -> Finding:  # noqa: ANN401 - as above
    theirs = described.get("issuer") if isinstance(described, dict) else None
    if theirs == issuer:
        return fine("public address", f"{issuer} answers, and calls itself so")
    said = f"the server at {issuer} calls itself {theirs}: tokens of the one do not count at the other"
    return wrong("public address", said, "Give OSTIARY_PUBLIC_URL the same value wherever Ostiary is started.")


def _published(issuer: str, published: set[str], kids: frozenset[str]) -> Finding:
    missing = sorted(kids - published)
    if not missing:
        return fine("published keys", f"all {len(kids)} are at {issuer}{jwks.PATH}")
    said = f"{issuer}{jwks.PATH} does not have {', '.join(missing)}: programs that verify tokens refuse what these sign"
    what_to_do = "Let no proxy keep that file for more than five minutes, and every server use the same database."
    return wrong("published keys", said, what_to_do)


def _proxies(settings: Settings, issuer: SplitResult, way: SenderWay, spoofed: str) -> Finding:
    if way is SenderWay.UNKNOWN_PROXY:
        said = "a proxy passes requests on that OSTIARY_TRUSTED_PROXIES does not name: all callers seem to come from it"
        return wrong("proxies", said, "Name its address in OSTIARY_TRUSTED_PROXIES.")
    if _is_trusted(settings, _own_address(issuer)):
        return fine(
            "proxies", "not looked at: this machine is one of them, and may say what it likes; ask from another"
        )
    if way is SenderWay.SILENT_PROXY:
        said = "the proxy does not say for whom it asks: all callers seem to come from it"
        return wrong("proxies", said, "Let it set X-Forwarded-For to the caller's address.")
    if spoofed == SPOOFED:
        said = "whoever sends X-Forwarded-For chooses where they seem to come from, for address lists and limits"
        what_to_do = "Let the proxy replace X-Forwarded-For, and let OSTIARY_TRUSTED_PROXIES name nobody but the proxy."
        return wrong("proxies", said, what_to_do)
    way_here = "through a trusted proxy" if way is SenderWay.PROXY else "without one"
    return fine("proxies", f"requests come {way_here}, and a forged X-Forwarded-For is not believed")


def _own_address(server: SplitResult) -> str:
    """Where requests to that server come from, as far as this machine knows."""
    port = server.port or (443 if server.scheme == "https" else 80)
    try:
        with socket.create_connection((server.hostname or "", port), WAIT_SECONDS) as probe:
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def _is_trusted(settings: Settings, address: str) -> bool:
    try:
        return any(ipaddress.ip_address(address) in network for network in settings.trusted_proxies)
    except ValueError:
        return False
