"""Organizations through the published organization client."""

import cybrid_api_organization
import pytest
from cybrid_api_organization.model.patch_organization import PatchOrganization

from tests.clients.cast import Cast, claims
from tests.clients.published import NOBODY, problem


def test_shows_the_organization_that_its_token_names(cast: Cast) -> None:
    guid = claims(cast.acme.token())["sub"]
    assert cast.acme.organizations("organizations:read").get_organization(guid).name == "Acme"


def test_renames_an_organization(cast: Cast) -> None:
    api = cast.globex.organizations()
    assert api.update_organization(cast.globex.guid, PatchOrganization(name="Globex Ltd")).name == "Globex Ltd"
    assert api.get_organization(cast.globex.guid).name == "Globex Ltd"


@pytest.mark.parametrize("owner", ["globex", "nobody"])
def test_does_not_find_other_organizations(cast: Cast, owner: str) -> None:
    guid = cast.globex.guid if owner == "globex" else NOBODY
    with pytest.raises(cybrid_api_organization.exceptions.NotFoundException) as refusal:
        cast.acme.organizations().get_organization(guid)
    assert problem(refusal.value).message_code == "not_found"


def test_refuses_a_bank_token_at_the_organizations_door(cast: Cast) -> None:
    with pytest.raises(cybrid_api_organization.exceptions.UnauthorizedException) as refusal:
        cast.north.organizations().get_organization(cast.acme.guid)
    assert problem(refusal.value).error_message == "Invalid Subject type. Required: organization"
