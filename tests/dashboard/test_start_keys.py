"""The guided start's last step: a first key pair, shown as in the Developers tab."""

import pytest
from starlette.testclient import TestClient

from ostiary.users.models import Role
from tests.applications.cast import SECRET, Cast, form_at, generate, shown_in, token
from tests.applications.reading import error_at, read

STEP = "/start/keys"


def test_makes_the_first_key_of_the_newest_bank(mallory: TestClient, cast: Cast) -> None:
    newest = cast.office.bank_of(cast.globex, "West")
    assert form_at(mallory, STEP)["name"] == "West key"
    answer = generate(mallory, STEP)
    pair = shown_in(answer)
    assert cast.find(pair.guid).bank_guid == newest
    assert read(answer).links["I have stored it"] == "/developers"
    assert answer.headers["cache-control"] == "no-store"
    assert token(cast, pair)["token_type"] == "Bearer"


def test_keeps_what_was_typed_in_the_last_step(mallory: TestClient) -> None:
    answer = generate(mallory, STEP, name="", ip_allowlist="nowhere")
    assert error_at(answer, "name") == "Fill this in."
    assert error_at(answer, "ip_allowlist")
    assert read(answer, 400).fields["ip_allowlist"] == "nowhere"


def test_asks_for_addresses_where_the_first_bank_is_production(cast: Cast) -> None:
    anna = cast.person("Anna", Role.OWNER)
    assert read(anna.get(STEP)).has("textarea", name="ip_allowlist", required="")
    assert error_at(generate(anna, STEP), "ip_allowlist") == "A key of a production bank needs at least one address."


def test_makes_one_first_key_of_a_form_that_is_sent_twice(mallory: TestClient, cast: Cast) -> None:
    sent = form_at(mallory, STEP)
    pair = shown_in(mallory.post(STEP, data=sent))
    again = mallory.post(STEP, data=sent)
    assert "The secret was already shown" in read(again, 409).text
    assert not SECRET.search(again.text)
    assert pair.client_id in again.text
    assert cast.keys() == 1


def test_leads_on_when_there_is_a_key(mallory: TestClient) -> None:
    generate(mallory, STEP)
    assert mallory.get(STEP).headers["location"] == "/"


@pytest.mark.parametrize("role", [Role.VIEWER])
def test_leads_on_whoever_may_make_no_key(cast: Cast, role: Role) -> None:
    browser = cast.person("Victor", role, cast.globex)
    assert browser.get(STEP).headers["location"] == "/"
    body = {"name": "x", "expires_at": "90", "ip_allowlist": "", "word": "w" * 43}
    assert browser.post(STEP, data=body).status_code == 403
    assert cast.keys() == 0


def test_leads_on_from_a_form_that_is_refused_when_there_is_a_key(mallory: TestClient) -> None:
    old_tab = form_at(mallory, STEP)
    generate(mallory, STEP)
    answer = mallory.post(STEP, data=old_tab | {"name": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
