"""Every refusal that is counted has words on a key's page."""

import re
from pathlib import Path

from ostiary.applications import outcomes
from ostiary.oauth import errors
from ostiary.oauth.errors import OAuthError
from ostiary.oauth.rules import ADDRESS_NOT_ALLOWED, RULES
from ostiary.oauth.standing import Refused

SOURCES = Path(errors.__file__).parent


def counted() -> set[str]:
    """What the protocol counts: by the rule, by the kind of error, and where it names the outcome itself."""
    # Whoever sends no token is nobody, and is not counted.
    found = {rule.name for rule in RULES.values()} - {"header"} | {ADDRESS_NOT_ALLOWED}
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


def test_counts_the_state_of_a_key_by_its_name() -> None:
    assert {RULES[reason].name for reason in Refused} == {reason.name.lower() for reason in Refused}


def test_says_what_a_later_release_counted_as_well_as_it_can() -> None:
    assert outcomes.in_words("moon_phase") == "Moon phase"
