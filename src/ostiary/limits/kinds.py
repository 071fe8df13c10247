"""What is counted, how much of it is allowed, and what is said when it was too much."""

import ipaddress
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ostiary.settings import Limit, Settings

US_PER_SECOND = 1_000_000
IPV6_PREFIX = 64
IPV6_SITE_PREFIX = 48


class Kind(StrEnum):
    """A limit: its value is the name of the policy in headers, and, with `limit_` before it, that of its setting."""

    TOKEN_REQUESTS_PER_KEY = "token-requests-per-key"  # noqa: S105 - the name of a limit, like those below
    TOKEN_REQUESTS_PER_SOURCE = "token-requests-per-source"  # noqa: S105
    FAILED_TOKEN_REQUESTS_PER_SOURCE = "failed-token-requests-per-source"  # noqa: S105
    CUSTOMER_TOKENS_PER_KEY = "customer-tokens-per-key"
    REFRESHES_PER_LOGIN = "refreshes-per-login"
    FAILED_SIGN_INS_PER_SOURCE = "failed-sign-ins-per-source"
    FAILED_SIGN_INS_PER_ACCOUNT = "failed-sign-ins-per-account"
    FAILED_USER_CODES_PER_ACCOUNT = "failed-user-codes-per-account"
    SIGN_UPS_PER_SOURCE = "sign-ups-per-source"
    # Nobody's requests: how often the trail tells of a source that fails.
    NOTICES_PER_SOURCE = "notices-per-source"
    NOTICES_PER_ORGANIZATION = "notices-per-organization"


Limits = Mapping[Kind, Limit]
# One who is counted, and everything that one request counts for.
Counted = tuple[Kind, str]
Ask = Sequence[Counted]

OF_NOBODY = {Kind.NOTICES_PER_SOURCE, Kind.NOTICES_PER_ORGANIZATION}
# Somebody with many addresses must not fill the trail of an organization.
MOST_NOTICES = Limit(20, 3600)


class Exceeded(NamedTuple):
    """The limit that says no, and how long it will."""

    kind: Kind
    limit: Limit
    wait_us: int

    @property
    def retry_after_seconds(self) -> int:
        """Whoever waits exactly so long is let in, unless somebody else was counted meanwhile."""
        return -(-self.wait_us // US_PER_SECOND)

    @property
    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers-11: the policy, and that nothing of it is left for so many seconds."""
        return {
            "RateLimit-Policy": f'"{self.kind}";q={self.limit.requests};w={self.limit.seconds}',
            "RateLimit": f'"{self.kind}";r=0;t={self.retry_after_seconds}',
        }


# The moment at which it was counted, or why it was not.
Verdict = int | Exceeded


def setting_of(kind: Kind) -> str:
    return f"limit_{kind.replace('-', '_')}"


def chosen(settings: Settings) -> Limits:
    """Every limit that is not switched off."""
    found = {kind: getattr(settings, setting_of(kind)) for kind in Kind if kind not in OF_NOBODY}
    failures = settings.limit_failed_token_requests_per_source
    if failures is not None:
        found[Kind.NOTICES_PER_SOURCE] = Limit(1, failures.seconds)
        found[Kind.NOTICES_PER_ORGANIZATION] = MOST_NOTICES
    return {kind: limit for kind, limit in found.items() if limit is not None}


@lru_cache(maxsize=4096)
def source_of(address: str) -> str:
    """Whoever has an IPv6 address has its whole /64."""
    if ":" in address:
        return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
    return address


@lru_cache(maxsize=4096)
def network_of(source: str) -> str:
    """What one customer of an IPv6 network is given: the /48 of a source (RFC 6177 §2); of IPv4, the address."""
    if ":" in source:
        return str(ipaddress.ip_network(source).supernet(new_prefix=IPV6_SITE_PREFIX))
    return source
