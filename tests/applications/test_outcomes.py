"""Every refusal that is counted has words on a key's page."""

import re
from pathlib import Path

from ostiary.applications import outcomes
from ostiary.oauth import errors
from ostiary.oauth.errors import OAuthError
from ostiary.oauth.standing import Refused

SOURCES = Path(errors.__file__).parent


def counted() -> set[str]:
    """What the protocol counts: by the state of a key, by the kind of error, and where it names the outcome itself."""
    found = {reason.name.lower() for reason in Refused}
    found |= {one.error for one in OAuthError.__subclasses__()}
    for path in SOURCES.glob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r'usage\.(?:count|used)\([^)]*"(\w+)"', text)) | set(
            re.findall(r'outcome="(\w+)"', text)
        )
    return found


def test_has_words_for_everything_that_is_counted() -> None:
    assert {"address_not_allowed", "token_revoked", "signature", "paused", "invalid_client"} <= counted()
    assert counted() - {outcomes.ISSUED} == set(outcomes.REFUSALS)


def test_says_what_a_later_release_counted_as_well_as_it_can() -> None:
    assert outcomes.in_words("moon_phase") == "Moon phase"
