"""One live server for the tests of its own description, with an organization key and a bank key."""

from collections.abc import Iterator

import pytest

from tests.clients.cast import Cast, cast_on
from tests.clients.servers import serving
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def cast(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with serving(postgres, tmp_path_factory.mktemp("contract")) as server:
        yield cast_on(server)
