"""Whether there is a signing key that the master key opens, and which keys of programs end soon."""

from ostiary import clock
from ostiary.applications.models import SOON
from ostiary.cli.checkup.finding import Finding, fine, wrong
from ostiary.cli.session import OPERATOR
from ostiary.dashboard import queries
from ostiary.db.store import Store
from ostiary.errors import ConfigurationError
from ostiary.house import House
from ostiary.oauth.signing_keys import SigningKeys

MOST_NAMED = 3


def signing(house: House) -> tuple[Finding, frozenset[str]]:
    """And the ids of the keys that have to be published."""
    try:
        keys = SigningKeys(house.store, house.signing_key_seal)
    except ConfigurationError as error:
        what_to_do = (
            "Give back the master key that this database was made with, or, if there is none yet, start the server."
        )
        return wrong("signing keys", str(error), what_to_do), frozenset()
    said = f"{len(keys.published)} published, signing with {keys.current_kid}"
    return fine("signing keys", said), frozenset(str(key["kid"]) for key in keys.published)


def expiring(store: Store) -> Finding:
    now = clock.now()
    with store.reading() as db:
        soon = queries.ending(db, OPERATOR, "", now, now + SOON, MOST_NAMED + 1)
    if not soon:
        return fine("keys", f"none expires within {SOON.days} days")
    named = [f"{key.client_id} ({clock.on_the_wire(key.expires_at)})" for key in soon[:MOST_NAMED]]
    more = " and more" if len(soon) > MOST_NAMED else ""
    said = f"these expire within {SOON.days} days: {', '.join(named)}{more}"
    return wrong("keys", said, "Make successors: Replace on a key's page in the dashboard, or `ostiary keys create`.")
