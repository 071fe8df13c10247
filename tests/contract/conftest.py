"""One live server for the tests of its own description, with an organization key and a bank key."""

from collections.abc import Iterator

import pytest

from tests.clients.cast import Cast, cast_on, organization_key
from tests.clients.people import Person, person_of
from tests.clients.servers import serving
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def cast(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with serving(postgres, tmp_path_factory.mktemp("contract"), OSTIARY_TOKEN_SECONDS_USER="14400") as server:
        yield cast_on(server)


@pytest.fixture(scope="session")
def alice(cast: Cast) -> Iterator[Person]:
    """The owner of an organization of her own, because she deletes whatever she finds; her login is bound to a bank."""
    server = cast.acme.server
    guid = server.cli("organizations", "create", "--name", "Initech")["guid"]
    bank = server.cli("banks", "create", "--organization", guid, "--name", "Hill")["guid"]
    with person_of(organization_key(server, guid), "Alice", bank_guid=bank) as person:
        yield person
