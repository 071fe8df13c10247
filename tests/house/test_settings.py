"""docs/configuration.md names every setting, and nothing that is none."""

import re

import pytest

from ostiary.settings import Settings
from tests.house.tree import HERE, told

PAGE = "docs/configuration.md"
VARIABLE = re.compile(r"\bOSTIARY_[A-Z0-9_]+\b")

# Read by single commands: so that no secret stands in a command line, and where logins are kept.
OF_COMMANDS = {
    "OSTIARY_CLIENT_ID",
    "OSTIARY_CLIENT_SECRET",
    "OSTIARY_CONFIG_DIR",
    "OSTIARY_PROFILE",
    "OSTIARY_TOKEN",
}


def differences(page: str, settings: set[str]) -> list[str]:
    named = set(VARIABLE.findall(page))
    known = {f"OSTIARY_{name.upper()}" for name in settings} | OF_COMMANDS
    return [
        *(f"{PAGE} does not tell about {name}; say what it does and what it is by default." for name in known - named),
        *(
            f"{PAGE} tells about {name}, which is no setting; take it out, or add it to Settings."
            for name in named - known
        ),
    ]


def test_documents_every_setting() -> None:
    broken = sorted(differences((HERE / PAGE).read_text(), set(Settings.model_fields)))
    assert not broken, told(broken)


@pytest.mark.parametrize(
    "page", ["`OSTIARY_HOST`", "`OSTIARY_HOST` `OSTIARY_PORT` `OSTIARY_MOOD`", "`OSTIARY_HOST` `OSTIARY_PORTAL_PORT`"]
)
def test_complains_about_a_page_that_differs(page: str) -> None:
    assert differences(f"{page} {' '.join(OF_COMMANDS)}", {"host", "port"})


def test_is_content_with_a_page_that_agrees() -> None:
    assert differences(f"`OSTIARY_HOST=::1` {' '.join(OF_COMMANDS)}", {"host"}) == []
