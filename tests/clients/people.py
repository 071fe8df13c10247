"""People on a live server: they ask with a token of their own where a holder asks with one of its key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.clients.cast import Holder
from tests.durability.direct import office
from tests.durability.installation import Installation, settings_of
from tests.identity.live_people import token_of


@dataclass(frozen=True, slots=True)
class Person(Holder):
    """The pair is still of the holder they belong to."""

    own_token: str

    def token(self, *_: str) -> str:
        return self.own_token


@contextmanager
def person_of(organization: Holder, name: str, *, role: str = "owner", bank_guid: str = "") -> Iterator[Person]:
    """Somebody new in the organization, signed in from a program."""
    server = organization.server
    with office(settings_of(server)) as opened:
        token = token_of(Installation(server, opened), name, organization.guid, role, bank_guid)
        yield Person(server, organization.guid, organization.client_id, organization.client_secret, token)
