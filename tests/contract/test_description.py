"""The OpenAPI document and the server tell the same: schemathesis asks for everything the document allows, and more."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ostiary.web.reference import YAML_PATH
from tests.clients.cast import Cast, Holder
from tests.clients.people import Person

pytestmark = pytest.mark.any_database

TIMEOUT_SECONDS = 1200
FEW = 2
# A schema cannot say which assets a bank may deal in or which letters a name may have: such requests are refused,
# in the way the document says.
NOT_ASKED = "positive_data_acceptance"

CONFIGURATION = """
color = false
warnings = false
base-url = "{base_url}"
headers = {{ Authorization = "Bearer {token}" }}

[[operations]]
include-path-regex = "^/oauth/"
headers = {{ Authorization = "Basic {pair}" }}
"""


def explore(
    holder: Holder, document: dict[str, Any], folder: Path, *options: str
) -> "subprocess.CompletedProcess[str]":
    """Runs schemathesis as somebody who holds this key, over operations as `document` describes them."""
    pair = base64.b64encode(f"{holder.client_id}:{holder.client_secret}".encode()).decode()
    base_url = holder.server.base_url
    (folder / "schemathesis.toml").write_text(CONFIGURATION.format(base_url=base_url, token=holder.token(), pair=pair))
    # JSON is read in a tenth of the time.
    (folder / "document.json").write_text(json.dumps(document))
    return subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            "document.json",
            "--exclude-checks",
            NOT_ASKED,
            *options,
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def described(holder: Holder) -> dict[str, Any]:
    document: dict[str, Any] = httpx2.get(holder.server.base_url + YAML_PATH).json()
    return document


@pytest.mark.parametrize("who", ["north", "acme", "alice"])
def test_answers_as_its_document_says(
    who: str, cast: Cast, alice: Person, tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    holder: Holder = alice if who == "alice" else getattr(cast, who)
    examples = count(FEW, 40)
    # Every border of what the document allows is tried when it is counted in full.
    more = [] if examples > FEW else ["--phases", "examples,fuzzing,stateful"]
    done = explore(holder, described(holder), tmp_path, "--max-examples", str(examples), *more)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        (("components", "schemas", "BankOut", "properties", "name", "type"), "integer"),
        pytest.param(
            ("paths", "/api/banks/{bank_guid}", "get", "responses"),
            {"200": {"description": "Nothing else ever."}},
            marks=pytest.mark.only_long,
        ),
    ],
)
def test_would_notice_an_answer_that_differs(place: tuple[str, ...], lie: object, cast: Cast, tmp_path: Path) -> None:
    document = described(cast.north)
    told = document
    for step in place[:-1]:
        told = told[step]
    assert place[-1] in told
    told[place[-1]] = lie
    done = explore(cast.north, document, tmp_path, "--include-path-regex", "^/api/banks", "--phases", "coverage")
    assert done.returncode == 1, done.stdout
