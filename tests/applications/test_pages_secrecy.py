"""After the answer that shows it, a secret is nowhere: no page, no row, no file, no log, no API answer."""

import re

import pytest
from starlette.testclient import TestClient

from tests.applications.cast import Cast, form_at, generate, shown_in, token
from tests.secrecy.search import files, finds, rows

NEW = "/developers/keys/new"


def every_page(browser: TestClient, cast: Cast, guid: str) -> list[tuple[str, bytes]]:
    key = f"/developers/keys/{guid}"
    nouns = ("", "/edit", "/pause", "/revocation", "/replacement", "/shown", "/first-token")
    lists = ("/developers", f"/developers?bank={cast.north}", "/developers?search=ost_sandbox", NEW, "/start/keys")
    paths = [*lists, *(f"{key}{noun}" for noun in nouns)]
    return [(path, browser.get(path).content) for path in paths]


def test_shows_a_secret_in_one_answer_only(
    alice: TestClient, cast: Cast, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}")
    answer = alice.post(f"{NEW}?bank={cast.north}", data=sent)
    pair = shown_in(answer)
    again = alice.post(f"{NEW}?bank={cast.north}", data=sent)
    replaced = shown_in(generate(alice, f"/developers/keys/{pair.guid}/replacement"))
    access_token = token(cast, pair)["access_token"]
    bearer = {"Authorization": f"Bearer {access_token}"}
    api = cast.browser("")
    answers = [
        ("headers", str(answer.headers).encode()),
        ("again", again.content + str(again.headers).encode()),
        *(
            (path, api.get(path, headers=bearer).content)
            for path in ("/api/bank_applications", f"/api/bank_applications/{pair.client_id}")
        ),
        *every_page(alice, cast, pair.guid),
        *rows(cast.ostiary.store),
        *files(cast.settings.data_dir.parent),
        ("log", caplog.text.encode()),
        ("output", "".join(capfd.readouterr()).encode()),
    ]
    assert pair.client_id.encode() in answers[2][1]
    assert finds({"secret": pair.secret, "second secret": replaced.secret}, answers) == []


def test_forgets_a_one_time_word_but_for_its_digest(alice: TestClient, cast: Cast) -> None:
    sent = form_at(alice, f"{NEW}?bank={cast.north}")
    shown_in(alice.post(NEW, data=sent))
    assert finds({"word": sent["word"]}, rows(cast.ostiary.store)) == []


def test_shows_a_secret_in_no_attribute_and_in_no_address(alice: TestClient, cast: Cast) -> None:
    answer = generate(alice, f"{NEW}?bank={cast.north}")
    pair = shown_in(answer)
    assert not re.search(rf'="[^"]*{pair.secret}', answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] in {"no-referrer", "same-origin"}


@pytest.mark.parametrize("field", ["name", "ip_allowlist", "expires_on", "expires_at", "kind", "word"])
def test_repeats_no_pasted_secret_in_a_refusal_of_another_field(alice: TestClient, cast: Cast, field: str) -> None:
    """Somebody who pastes a secret into the wrong field sees it there again, and nowhere else."""
    pair = shown_in(generate(alice, f"{NEW}?bank={cast.north}"))
    typed = {"name": "", "expires_at": "date", "expires_on": ""} | {field: pair.secret}
    answer = alice.post(NEW, data=form_at(alice, f"{NEW}?bank={cast.north}", **typed))
    assert answer.status_code == 400
    assert answer.text.count(pair.secret) == (1 if field in {"name", "ip_allowlist", "expires_on", "word"} else 0)
