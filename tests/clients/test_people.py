"""What people do through the published identity client: keys from their making to their end, and users (F17, F22)."""

import datetime as dt
import time

import cybrid_api_bank
import cybrid_api_id
import httpx2
import pytest
from cybrid_api_id.model.patch_application import PatchApplication
from cybrid_api_id.model.patch_user import PatchUser
from cybrid_api_id.model.post_bank_application import PostBankApplication
from cybrid_api_id.model.post_organization_application import PostOrganizationApplication
from cybrid_api_id.model.post_user import PostUser
from cybrid_api_id.model.user import User

from ostiary.users import allowed_scopes
from ostiary.users.models import Role
from ostiary.users.roles import READS, RIGHTS
from tests.clients.cast import Cast, Holder
from tests.clients.people import Person, person_of
from tests.clients.published import problem


def in_a_month() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=30)


def test_takes_a_bank_key_from_its_making_to_its_end(cast: Cast, alice: Person) -> None:
    """F17."""
    api = alice.bank_keys()
    made = api.create_bank_application(
        PostBankApplication(name="Made by API", expires_at=in_a_month(), bank_guid=cast.south.guid)
    )
    key = Holder(cast.acme.server, cast.south.guid, made.client_id, made.secret)
    assert key.ask("banks:read").status_code == 200
    listed = api.list_bank_applications(bank_guid=cast.south.guid)
    assert made.client_id in {each.client_id for each in listed.objects}
    assert b"secret" not in api.list_bank_applications(_preload_content=False).data
    assert api.get_bank_application(made.client_id).guid == api.get_bank_application(made.guid).guid == made.guid
    changed = api.update_bank_application(made.client_id, PatchApplication(name="Renamed", ip_allowlist=["192.0.2.1"]))
    assert (changed.name, changed.ip_allowlist) == ("Renamed", ["192.0.2.1/32"])
    assert key.ask("banks:read").status_code == 401
    assert api.update_bank_application(made.guid, PatchApplication(ip_allowlist=[])).ip_allowlist == []
    assert key.ask("banks:read").status_code == 200
    assert api.delete_bank_application(made.client_id) is None
    with pytest.raises(cybrid_api_id.exceptions.NotFoundException) as refusal:
        api.get_bank_application(made.client_id)
    assert problem(refusal.value).message_code == "not_found"
    assert key.ask("banks:read").status_code == 401


def test_takes_an_organization_key_from_its_making_to_its_end(cast: Cast, alice: Person) -> None:
    """F17."""
    api = alice.organization_keys()
    made = api.create_organization_application(PostOrganizationApplication(name="Made by API", expires_at=in_a_month()))
    key = Holder(cast.acme.server, cast.acme.guid, made.client_id, made.secret)
    assert key.ask("banks:read").status_code == 200
    assert api.get_organization_application(made.guid).client_id == made.client_id
    assert api.update_organization_application(made.guid, PatchApplication(name="Renamed")).name == "Renamed"
    assert api.delete_organization_application(made.guid) is None
    with pytest.raises(cybrid_api_id.exceptions.NotFoundException):
        api.get_organization_application(made.client_id)
    assert key.ask("banks:read").status_code == 401


@pytest.mark.parametrize("past", [dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2020, 1, 1)])  # noqa: DTZ001
def test_refuses_a_key_that_has_expired_already(alice: Person, past: dt.datetime) -> None:
    """F19."""
    with pytest.raises(cybrid_api_id.ApiException) as refusal:
        alice.organization_keys().create_organization_application(
            PostOrganizationApplication(name="Too late", expires_at=past)
        )
    assert (refusal.value.status, problem(refusal.value).message_code) == (400, "invalid_value")


def test_refuses_a_key_once_it_has_expired(cast: Cast, alice: Person) -> None:
    """F19."""
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)
    made = alice.organization_keys().create_organization_application(
        PostOrganizationApplication(name="Short", expires_at=soon)
    )
    key = Holder(cast.acme.server, cast.acme.guid, made.client_id, made.secret)
    token = key.ask("banks:read")
    assert token.status_code == 200
    time.sleep(max(0.0, (soon - dt.datetime.now(dt.UTC)).total_seconds()))
    refused = key.ask("banks:read")
    assert (refused.status_code, refused.json()["error_description"]) == (401, "Credential has expired")
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    answer = httpx2.get(f"{cast.acme.server.base_url}/api/banks", headers=headers)
    # Its tokens live no longer than the key.
    assert (answer.status_code, answer.json()["error_message"]) == (401, "Signature has expired")


def test_makes_a_key_once_with_an_idempotency_key(cast: Cast, alice: Person) -> None:
    api = alice.organization_keys()
    api.api_client.set_default_header("Idempotency-Key", "one")
    made = api.create_organization_application(PostOrganizationApplication(name="Once", expires_at=in_a_month()))
    assert Holder(cast.acme.server, cast.acme.guid, made.client_id, made.secret).ask("banks:read").status_code == 200
    with pytest.raises(cybrid_api_id.ApiException) as refusal:
        api.create_organization_application(PostOrganizationApplication(name="Other", expires_at=in_a_month()))
    assert (refusal.value.status, problem(refusal.value).message_code) == (422, "idempotency_key_reused")


def test_invites_changes_and_disables_somebody(alice: Person) -> None:
    """F22."""
    api = alice.users()
    made = api.create_user(PostUser(email="finn@example.com", allowed_scopes=sorted(map(str, READS))))
    assert made.invite_url.startswith(f"{alice.server.base_url}/join/")
    shown = api.get_user(made.guid)
    assert getattr(shown, "invite_url", None) is None
    developer = sorted(map(str, RIGHTS[Role.DEVELOPER].scopes))
    assert sorted(api.update_user(made.guid, PatchUser(allowed_scopes=developer)).allowed_scopes) == developer
    assert api.disable_user(made.guid) is None
    assert made.guid not in {user.guid for user in api.list_user(per_page=100).objects}


def test_disables_a_member_who_stays_in_the_list(cast: Cast, alice: Person) -> None:
    """F22."""
    api = alice.users()
    with person_of(cast.acme, "Bob", role="viewer") as bob:
        guid = next(user.guid for user in api.list_user().objects if user.username == "Bob")
        assert bob.banks().list_banks().total >= 1
        assert api.disable_user(guid) is None
        with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException):
            bob.banks().list_banks()
    assert api.get_user(guid).username == "Bob"
    assert api.list_user(guid=guid).total == 1


def test_shows_users_to_an_organizations_key(cast: Cast, alice: Person) -> None:
    listed = cast.acme.users("users:read").list_user()
    assert alice.users().list_user().total == listed.total >= 1


def test_knows_every_scope_of_the_clients_users_and_no_other() -> None:
    assert set(User.allowed_values["allowed_scopes",].values()) - {None} == set(allowed_scopes.NAMES)
