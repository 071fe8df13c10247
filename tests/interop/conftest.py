"""One live server with its cast for all tests of other people's libraries."""

from collections.abc import Iterator

import pytest

from tests.clients.cast import Cast, cast_on
from tests.clients.servers import serving
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def cast(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with serving(postgres, tmp_path_factory.mktemp("interop")) as server:
        yield cast_on(server)
