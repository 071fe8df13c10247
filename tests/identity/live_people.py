"""People of a live server: they and their logins are put into its database, their tokens signed with its keys."""

from ostiary.oauth.access_tokens import AccessTokens
from ostiary.oauth.signing_keys import SigningKeys
from tests.durability.installation import Installation
from tests.people import add_person, issue, open_login


def token_of(made: Installation, name: str, organization_guid: str, role: str = "owner", bank_guid: str = "") -> str:
    """Of somebody new."""
    house = made.office.house
    person = add_person(house.store, name, organization_guid, role)
    login = open_login(house.store, person, bank_guid=bank_guid or None)
    keys = SigningKeys(house.store, house.signing_key_seal)
    return issue(house.store, AccessTokens(made.live.base_url, keys), keys.current_kid, login)
