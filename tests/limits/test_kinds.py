"""What is counted: each kind has its setting, each source its network, each refusal its headers."""

import re

import pytest

from ostiary.errors import ConfigurationError, TooManyRequests
from ostiary.limits import kinds
from ostiary.limits.counting import Counting
from ostiary.limits.kinds import Exceeded, Kind
from ostiary.settings import Limit, Settings, load

# RFC 9651: a list of one string with integer parameters.
ITEM = re.compile(r'"[a-z-]+"(;[a-z]+=[0-9]+)+')


def test_has_a_setting_for_every_kind_and_a_kind_for_every_setting() -> None:
    named = {name for name in Settings.model_fields if name.startswith("limit_")}
    assert {kinds.setting_of(kind) for kind in Kind if kind not in kinds.OF_NOBODY} == named


def test_leaves_out_what_is_switched_off() -> None:
    chosen = kinds.chosen(load(limit_customer_tokens_per_key="off", limit_failed_token_requests_per_source="off"))
    assert Kind.CUSTOMER_TOKENS_PER_KEY not in chosen
    assert Kind.NOTICES_PER_SOURCE not in chosen
    assert chosen[Kind.TOKEN_REQUESTS_PER_KEY] == Limit(1200, 60)


def test_reads_a_limit_in_its_one_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_LIMIT_TOKEN_REQUESTS_PER_SOURCE", "20/300")
    monkeypatch.setenv("OSTIARY_LIMIT_TOKEN_REQUESTS_PER_KEY", "off")
    settings = load()
    assert settings.limit_token_requests_per_source == Limit(20, 300)
    assert settings.limit_token_requests_per_key is None


@pytest.mark.parametrize("given", ["", "20", "20/", "/300", "20 / 300", "-1/300", "20/5m", "OFF", "20/300/1", "1e3/60"])
def test_says_how_a_limit_is_written(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_LIMIT_SIGN_UPS_PER_SOURCE", given)
    with pytest.raises(ConfigurationError) as refused:
        load()
    assert str(refused.value) == (
        "OSTIARY_LIMIT_SIGN_UPS_PER_SOURCE: write it as REQUESTS/SECONDS, like 20/300, or off"
    )


@pytest.mark.parametrize("given", ["0/300", "20/0", "1000001/60", "20/86401"])
def test_says_how_large_a_limit_may_be(given: str) -> None:
    with pytest.raises(ConfigurationError, match="a limit is 1 to 1000000 requests in 1 to 86400 seconds"):
        load(limit_sign_ups_per_source=given)


@pytest.mark.parametrize("given", ["127.0.0.1", "http://x", "redis:/x", "postgresql://x"])
def test_says_how_the_address_of_redis_looks(given: str) -> None:
    with pytest.raises(ConfigurationError, match="OSTIARY_LIMITS_URL: must look like redis://"):
        assert load(limits_url=given).shared_limits_url


def test_does_not_show_the_password_of_redis() -> None:
    assert "word" not in repr(load(limits_url="redis://:word@192.0.2.1/0"))


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("", ""),
    ],
)
def test_takes_an_ipv6_network_for_one_source(address: str, source: str) -> None:
    assert kinds.source_of(address) == source


@pytest.mark.parametrize(
    ("address", "network"), [("198.51.100.7", "198.51.100.7"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("", "")]
)
def test_knows_what_one_customer_of_an_ipv6_network_is_given(address: str, network: str) -> None:
    assert kinds.network_of(kinds.source_of(address)) == network


@pytest.mark.parametrize(("wait_us", "seconds"), [(1, 1), (1_000_000, 1), (1_000_001, 2), (300_000_000, 300)])
def test_rounds_up_how_long_to_wait(wait_us: int, seconds: int) -> None:
    exceeded = Exceeded(Kind.TOKEN_REQUESTS_PER_KEY, Limit(20, 300), wait_us)
    assert exceeded.retry_after_seconds == seconds
    assert exceeded.headers == {
        "RateLimit-Policy": '"token-requests-per-key";q=20;w=300',
        "RateLimit": f'"token-requests-per-key";r=0;t={seconds}',
    }
    assert all(ITEM.fullmatch(value) for value in exceeded.headers.values())


def test_refuses_at_the_door_of_a_route() -> None:
    counting = Counting({Kind.CUSTOMER_TOKENS_PER_KEY: Limit(2, 300)})
    ask = ((Kind.CUSTOMER_TOKENS_PER_KEY, "key"),)
    for _ in range(2):
        counting.admit(ask, "This key asks for customer tokens too often")
    with pytest.raises(TooManyRequests) as refused:
        counting.admit(ask, "This key asks for customer tokens too often")
    problem = refused.value
    assert problem.body == {
        "status": 429,
        "error_message": "This key asks for customer tokens too often: try again in 300 seconds",
        "message_code": "too_many_requests",
        "retry_after_seconds": 300,
    }
    assert problem.headers["Retry-After"] == "300"
