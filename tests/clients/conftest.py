"""One live server with its cast for all tests of the published clients."""

from collections.abc import Iterator

import pytest

from tests.clients.cast import Cast, cast_on
from tests.clients.people import Person, person_of
from tests.clients.servers import serving
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def cast(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with serving(postgres, tmp_path_factory.mktemp("clients"), OSTIARY_TOKEN_SECONDS_USER="14400") as server:
        yield cast_on(server)


@pytest.fixture(scope="session")
def alice(cast: Cast) -> Iterator[Person]:
    """Acme's owner."""
    with person_of(cast.acme, "Alice") as person:
        yield person
