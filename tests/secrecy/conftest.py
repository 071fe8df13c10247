"""A server that says everything it ever says, and the planted words it must not say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.installation import Installation, installed
from tests.postgres import Postgres


@pytest.fixture
def talkative(postgres: Postgres | None, tmp_path: Path) -> Iterator[Installation]:
    with installed(postgres, tmp_path, OSTIARY_LOG_LEVEL="debug") as made:
        yield made
