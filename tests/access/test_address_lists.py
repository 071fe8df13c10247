"""Address lists: what may be written in one, and whom it lets in."""

import pytest

from ostiary.access import addresses


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        (" 192.0.2.1\t", "192.0.2.1/32"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("169.254.0.0/16", "169.254.0.0/16"),
        ("192.168.0.0/16", "192.168.0.0/16"),
        ("2001:DB8:0:0::1", "2001:db8::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("fc00::/16", "fc00::/16"),
        ("::1", "::1/128"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("::ffff:c000:201", "192.0.2.1/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ],
)
def test_keeps_one_spelling_of_an_entry(entry: str, kept: str) -> None:
    assert addresses.parse_list([entry]) == (kept,)


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "localhost",
        "example.com",
        "192.0.2",
        "192.0.2.1.1",
        "192.0.2.256",
        "192.0.2.01",
        "0300.0.2.1",
        "0xc0000201",
        "3221225985",
        "192.0.2.1/33",
        "192.0.2.1/-1",
        "192.0.2.0/24/24",
        "192.0.2.1-192.0.2.9",
        "192.0.2.*",
        "192.0.2.1:443",
        "[::1]",
        "::1%eth0",
        "2001:db8::/129",
        "2001:db8::1::2",
        "192.0.2.1,192.0.2.2",
        "192.0.2.1\n192.0.2.2",
        "192.0.2.1\0",
        "192.0.2.1 192.0.2.2",
        "\u0661\u0669\u0662.0.2.1",
        "fe80::1%1/64",
    ],
)
def test_refuses_what_is_no_address(entry: str) -> None:
    with pytest.raises(ValueError, match="is not an IP address or CIDR range"):
        addresses.parse_list([entry])


@pytest.mark.parametrize("entry", ["192.0.2.1/24", "10.1.0.0/8", "2001:db8::1/32"])
def test_refuses_a_range_that_also_names_one_host(entry: str) -> None:
    with pytest.raises(ValueError, match="has bits set behind its prefix"):
        addresses.parse_list([entry])


@pytest.mark.parametrize(
    ("entry", "least"),
    [
        ("0.0.0.0/0", "at least /8 for IPv4"),
        ("10.0.0.0/7", "at least /8 for IPv4"),
        ("128.0.0.0/1", "at least /8 for IPv4"),
        ("::/0", "at least /16 for IPv6"),
        ("2000::/3", "at least /16 for IPv6"),
        ("fc00::/15", "at least /16 for IPv6"),
        ("::ffff:0.0.0.0/96", "at least /8 for IPv4"),
        ("::ffff:10.0.0.0/103", "at least /8 for IPv4"),
    ],
)
def test_refuses_what_is_wider_than_8_and_16(entry: str, least: str) -> None:
    with pytest.raises(ValueError, match=least):
        addresses.parse_list([entry])


@pytest.mark.parametrize("entry", ["::ffff:0:0/95", "::/80", "::/16"])
def test_lets_no_range_of_ipv6_slip_in_all_of_ipv4(entry: str) -> None:
    try:
        kept = " ".join(addresses.parse_list([entry]))
    except ValueError:
        return
    assert not addresses.allows(kept, "192.0.2.1")
    assert not addresses.allows(kept, "::ffff:192.0.2.1")


def test_drops_repeats_and_keeps_the_order() -> None:
    entries = ["192.0.2.2", "192.0.2.1", "::ffff:192.0.2.2", "192.0.2.2/32"]
    assert addresses.parse_list(entries) == ("192.0.2.2/32", "192.0.2.1/32")


def test_takes_a_hundred_entries_and_no_more() -> None:
    entries = [f"192.0.2.{n}" for n in range(101)]
    assert len(addresses.parse_list(entries[:100])) == 100
    with pytest.raises(ValueError, match="at most 100"):
        addresses.parse_list(entries)


def test_never_repeats_a_secret_that_was_put_in_the_wrong_field() -> None:
    secret = "ost_sandbox_" + "a" * 49
    with pytest.raises(ValueError, match="an entry of 61 letters") as refusal:
        addresses.parse_list([secret])
    assert "aaaa" not in str(refusal.value)


LISTED = "192.0.2.0/24 10.0.0.1/32 2001:db8::/32 ::1/128"


@pytest.mark.parametrize(
    "address", ["192.0.2.0", "192.0.2.255", "10.0.0.1", "2001:db8::", "2001:db8:ffff::1", "::1", "::ffff:192.0.2.7"]
)
def test_lets_in_whoever_is_listed(address: str) -> None:
    assert addresses.allows(LISTED, address)


@pytest.mark.parametrize(
    "address",
    [
        "192.0.1.255",
        "192.0.3.0",
        "10.0.0.2",
        "2001:db7:ffff::",
        "2001:db9::",
        "::2",
        "127.0.0.1",
        "::ffff:10.0.0.2",
        "::192.0.2.1",
        "64:ff9b::192.0.2.1",
        "2001:db8::1%eth0",
        "::1%lo",
        "",
        "unix",
        "192.0.2.1 ",
        "192.0.2.1:80",
        "[::1]",
        "192.0.2.01",
    ],
)
def test_keeps_out_everybody_else(address: str) -> None:
    assert not addresses.allows(LISTED, address)


def test_lets_nobody_in_by_an_empty_list() -> None:
    # Whether a key needs a list is decided before; this function only compares.
    assert not addresses.allows("", "127.0.0.1")


def test_asks_one_list_about_many_addresses() -> None:
    lets_in = addresses.matcher(["192.0.2.0/24", "2001:db8::/64", "no entry", "192.0.2.1/33"])
    asked = ("192.0.2.9", "::ffff:192.0.2.9", "192.0.3.1", "2001:db8::9", "2001:db8:0:1::9", "", "*", "fe80::1%eth0")
    assert [address for address in asked if lets_in(address)] == ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9"]
    assert not addresses.matcher([])("192.0.2.9")
