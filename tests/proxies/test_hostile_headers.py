"""Nobody gets onto an address list by a header, whether or not a proxy stands in between (checks: C-12)."""

import ipaddress
import json
import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from ostiary.access import addresses
from ostiary.access.addresses import ClientAddress
from ostiary.settings import Settings
from ostiary.web.asgi import Header
from tests.apps import app_on
from tests.oauth.desk import Answer, Desk, Key, open_desk
from tests.proxies.hostile import headers

pytestmark = pytest.mark.any_database


LISTED = "203.0.113.7"
ATTACKER = "198.51.100.66"
PROXY = "10.0.0.5"
FORWARDED = b"x-forwarded-for"
API_SHARE = 0.2

Count = Callable[[int, int], int]


@pytest.fixture
def proxied(settings: Settings) -> Iterator[Desk]:
    """A server that trusts one proxy, and a key with a list."""
    trusting = settings.model_copy(update={"trusted_proxies": (ipaddress.ip_network(PROXY),)})
    with app_on(trusting) as made, open_desk(made) as desk:
        yield desk


@pytest.fixture
def chance() -> random.Random:
    return random.Random(12)  # noqa: S311 - no secret


def ask(desk: Desk, key: Key, more: Sequence[Header], peer: str) -> Answer:
    sent = {"grant_type": "client_credentials", "client_id": key.client_id, "client_secret": key.secret}
    said = [(b"content-type", b"application/json"), *more]
    return desk.request("/oauth/token", said, method="POST", body=json.dumps(sent).encode(), peer=peer)


def appended(sent: Sequence[Header], address: str) -> list[Header]:
    """What a proxy makes of these headers (as nginx does with `$proxy_add_x_forwarded_for`)."""
    listed = [value for name, value in sent if name == FORWARDED]
    rest = [header for header in sent if header[0] != FORWARDED]
    return [*rest, (FORWARDED, b", ".join([*listed, address.encode()]))]


def bypasses(desk: Desk, chance: random.Random, tries: int) -> list[tuple[Sequence[Header], bytes]]:
    """Headers by which the attacker was let in, or taken for somebody else."""
    key = desk.key(desk.north.organization_guid, desk.north.bank_guid, LISTED)
    token = desk.token(key, peer=LISTED)
    found: list[tuple[Sequence[Header], bytes]] = []
    for _ in range(tries):
        sent = headers(LISTED, chance)
        # Straight to the server, or through the proxy, which adds whom it saw.
        says, peer = chance.choice(((sent, ATTACKER), (appended(sent, ATTACKER), PROXY)))
        if chance.random() < API_SHARE:
            answer = desk.show(token, *says, peer=peer)
            is_refused = answer.status == 403
        else:
            answer = ask(desk, key, says, peer)
            told = f"This key may not be used from the address {ATTACKER}"
            is_refused = answer.status == 401 and answer.json["error_description"] == told
        if not is_refused:
            found.append((says, answer.body))
    return found


def test_lets_nobody_in_by_a_header(proxied: Desk, chance: random.Random, count: Count, database: str) -> None:
    # Headers are read before any database is asked, so the slower one need not see all of them.
    tries = count(4_000, 100_000) if database == "sqlite" else count(500, 4_000)
    assert bypasses(proxied, chance, tries) == []


def test_knows_the_listed_caller_whatever_stands_before(proxied: Desk, chance: random.Random) -> None:
    key = proxied.key(proxied.north.organization_guid, proxied.north.bank_guid, LISTED)
    for _ in range(500):
        assert ask(proxied, key, appended(headers(ATTACKER, chance), LISTED), PROXY).status == 200
        assert ask(proxied, key, headers(ATTACKER, chance), LISTED).status == 200


def believes_the_first(_: ClientAddress, peer: str, forwarded_for: Sequence[str]) -> str:
    first = ",".join(forwarded_for).split(",")[0].strip()
    return addresses.canonical(first) or peer


def skips_what_it_cannot_read(_: ClientAddress, peer: str, forwarded_for: Sequence[str]) -> str:
    listed = [hop.strip() for hop in ",".join([*forwarded_for, peer]).split(",")]
    return next((hop for hop in map(addresses.canonical, reversed(listed)) if hop not in {"", PROXY, ATTACKER}), peer)


@pytest.mark.parametrize("fault", [believes_the_first, skips_what_it_cannot_read])
def test_would_find_a_server_that_believes_headers(
    proxied: Desk, chance: random.Random, monkeypatch: pytest.MonkeyPatch, fault: Callable[..., str]
) -> None:
    monkeypatch.setattr(ClientAddress, "of", fault)
    assert bypasses(proxied, chance, 200) != []
