"""The switch for colours: where it leads when no script keeps it on its page."""

import re

from starlette.testclient import TestClient

from tests.applications.cast import Cast, generate, shown_in

WAY_BACK = re.compile(r'<input type="hidden" name="next" value="([^"]*)">')
HTML = {"accept": "text/html"}


def ways_back(browser: TestClient, method: str, path: str, **form: str) -> set[str]:
    return set(WAY_BACK.findall(browser.request(method, path, data=form or None, headers=HTML).text))


def test_keeps_the_chosen_bank_when_colours_change(alice: TestClient, cast: Cast) -> None:
    assert ways_back(alice, "GET", f"/developers?bank={cast.north}") == {f"/developers?bank={cast.north}"}


def test_leads_from_a_refused_form_to_a_page(alice: TestClient, cast: Cast) -> None:
    key = cast.key(cast.north)
    assert ways_back(alice, "POST", f"/developers/keys/{key.guid}/pause") == {f"/developers/keys/{key.guid}/pause"}


def test_leads_from_a_forms_own_address_to_the_dashboard(alice: TestClient, cast: Cast) -> None:
    assert ways_back(alice, "POST", f"/team/{'0' * 32}/enablement", x="y") == {"/"}
    assert ways_back(alice, "GET", "/theme") == {"/"}
    gone = f"/developers/keys/{'0' * 32}"
    assert ways_back(alice, "GET", gone) == {gone}
    assert cast.keys() == 0


def test_leads_back_from_a_shown_secret_to_a_page_that_exists(alice: TestClient, cast: Cast) -> None:
    answer = generate(alice, f"/developers/keys/new?bank={cast.north}")
    shown_in(answer)
    for path in WAY_BACK.findall(answer.text):
        assert alice.get(path).status_code == 200
