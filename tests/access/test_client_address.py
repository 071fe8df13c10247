"""The address of a caller: the peer, or the right-most hop that no trusted proxy vouches for (DESIGN §6)."""

import ipaddress

import pytest
from pydantic import ValidationError

from ostiary.access.addresses import ClientAddress
from ostiary.settings import Settings

PROXY = "10.0.0.5"
CALLER = "192.0.2.7"


def behind(*networks: str) -> ClientAddress:
    return ClientAddress([ipaddress.ip_network(network) for network in networks])


DIRECT = behind()
PROXIED = behind("10.0.0.0/8", "2001:db8::/32")


@pytest.mark.parametrize("forwarded", [[CALLER], ["127.0.0.1"], ["for=127.0.0.1"], ["nonsense"], ["", ""]])
def test_ignores_the_header_where_no_proxy_is_trusted(forwarded: list[str]) -> None:
    assert DIRECT.of(PROXY, forwarded) == PROXY


@pytest.mark.parametrize("forwarded", [[CALLER], ["127.0.0.1"], ["10.0.0.1, 10.0.0.2"], ["nonsense"]])
def test_ignores_the_header_of_a_stranger(forwarded: list[str]) -> None:
    assert PROXIED.of("198.51.100.9", forwarded) == "198.51.100.9"


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        ([CALLER], CALLER),
        ([f"\t {CALLER} "], CALLER),
        ([f"127.0.0.1, {CALLER}"], CALLER),
        ([f"127.0.0.1,{CALLER},10.1.1.1"], CALLER),
        (["127.0.0.1", CALLER], CALLER),
        (["127.0.0.1", CALLER, "10.1.1.1, 10.1.1.2"], CALLER),
        ([f"nonsense, {CALLER}"], CALLER),
        ([f"10.9.9.9, {CALLER}"], CALLER),
        ([f"::ffff:{CALLER}"], CALLER),
        (["2001:0DB9::1"], "2001:db9::1"),
        (["198.51.100.1, 2001:db8::1"], "198.51.100.1"),
        (["10.0.0.9"], "10.0.0.9"),
        (["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        ([], PROXY),
    ],
)
def test_takes_the_right_most_hop_that_nobody_vouches_for(forwarded: list[str], found: str) -> None:
    assert PROXIED.of(PROXY, forwarded) == found


@pytest.mark.parametrize(
    "last",
    [
        "",
        "unknown",
        "_hidden",
        f"for={CALLER}",
        f'"{CALLER}"',
        f"{CALLER}:443",
        f"[{CALLER}]",
        "[2001:db9::1]:443",
        "fe80::1%eth0",
        "192.0.2.07",
        "0xc0000207",
        "3221225991",
        f"{CALLER} {CALLER}",
        f"{CALLER};",
        f"{CALLER}\0",
        "\u00b2.0.0.1",
    ],
)
def test_knows_no_address_when_its_proxy_says_none_that_can_be_read(last: str) -> None:
    for forwarded in ([last], [f"127.0.0.1, {last}"], ["127.0.0.1", last], [f"127.0.0.1, {last}, 10.0.0.9"]):
        assert PROXIED.of(PROXY, forwarded) == ""


@pytest.mark.parametrize("peer", ["", "unix", "testclient", "fe80::1%eth0"])
def test_knows_no_address_of_a_peer_without_one(peer: str) -> None:
    assert DIRECT.of(peer, [CALLER]) == ""
    assert PROXIED.of(peer, [CALLER]) == ""


def test_recognises_a_proxy_in_ipv6_clothes() -> None:
    assert PROXIED.of(f"::ffff:{PROXY}", [CALLER]) == CALLER
    assert DIRECT.of(f"::ffff:{PROXY}", [CALLER]) == PROXY


def test_reads_a_long_chain_once() -> None:
    forwarded = [", ".join(["127.0.0.1"] * 2000 + [CALLER] + ["10.0.0.1"] * 2000)]
    assert PROXIED.of(PROXY, forwarded) == CALLER


def test_trusts_nobody_by_default() -> None:
    assert Settings().trusted_proxies == ()


def test_reads_the_setting_as_a_list_of_networks() -> None:
    given = Settings(trusted_proxies="10.0.0.0/8, 2001:db8::1 ,")
    assert [str(network) for network in given.trusted_proxies] == ["10.0.0.0/8", "2001:db8::1/128"]
    for wrong in ("*", "all", "10.0.0.1/8", "proxy.example"):
        with pytest.raises(ValidationError):
            Settings(trusted_proxies=wrong)
