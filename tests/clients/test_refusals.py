"""The refusals that the published clients meet: wrong subject, missing scope, unknown and foreign guids."""

import cybrid_api_bank
import pytest
from cybrid_api_bank.model.post_customer import PostCustomer

from tests.clients.cast import Cast
from tests.clients.published import NOBODY, banks, new_bank, problem


def test_does_not_find_a_bank_that_never_was(cast: Cast) -> None:
    with pytest.raises(cybrid_api_bank.exceptions.NotFoundException) as refusal:
        cast.north.banks("banks:read").get_bank(NOBODY)
    assert problem(refusal.value).message_code == "not_found"


@pytest.mark.parametrize("owner", ["south", "east"])
def test_answers_a_foreign_bank_like_one_that_never_was(cast: Cast, owner: str) -> None:
    api, foreign = cast.north.banks(), {"south": cast.south.guid, "east": cast.east.guid}[owner]
    with pytest.raises(cybrid_api_bank.exceptions.NotFoundException) as never:
        api.get_bank(NOBODY)
    with pytest.raises(cybrid_api_bank.exceptions.NotFoundException) as theirs:
        api.get_bank(foreign)
    assert theirs.value.body == never.value.body


def test_answers_a_foreign_customer_like_one_that_never_was(cast: Cast) -> None:
    foreign = cast.east.customers().create_customer(PostCustomer(type="individual")).guid
    for key in (cast.north, cast.acme):
        with pytest.raises(cybrid_api_bank.exceptions.NotFoundException) as never:
            key.customers().get_customer(NOBODY)
        with pytest.raises(cybrid_api_bank.exceptions.NotFoundException) as theirs:
            key.customers().get_customer(foreign)
        assert theirs.value.body == never.value.body


def test_refuses_a_bank_token_that_wants_to_make_a_bank(cast: Cast) -> None:
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException) as refusal:
        cast.north.banks().create_bank(new_bank("Nowhere"))
    assert problem(refusal.value).message_code == "invalid_subject"
    assert problem(refusal.value).error_message == "Invalid Subject type. Required: organization"


def test_refuses_an_organization_token_that_wants_to_make_a_customer(cast: Cast) -> None:
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException) as refusal:
        cast.acme.customers().create_customer(PostCustomer(type="individual"))
    assert problem(refusal.value).message_code == "invalid_subject"
    assert problem(refusal.value).error_message == "Invalid Subject type. Required: bank"


def test_names_the_scope_that_is_missing(cast: Cast) -> None:
    with pytest.raises(cybrid_api_bank.exceptions.ForbiddenException) as refusal:
        cast.north.customers("customers:read").create_customer(PostCustomer(type="individual"))
    assert problem(refusal.value).message_code == "invalid_scopes"
    assert problem(refusal.value).error_message == "Invalid scopes. Required: customers:execute"


def test_refuses_a_request_without_a_token(cast: Cast) -> None:
    with pytest.raises(cybrid_api_bank.exceptions.UnauthorizedException) as refusal:
        banks(cast.north.server.base_url, None).list_banks()
    assert problem(refusal.value).message_code == "authentication_malformed"
    assert problem(refusal.value).error_message == "Authorization header is malformed."
    assert "Bearer" in refusal.value.headers["WWW-Authenticate"]
