"""What is pasted into the Token doctor is nowhere afterwards: not in a file, a row, a log or a page."""

import httpx2

from ostiary.users.models import Role
from tests.durability.installation import Installation
from tests.people import BROWSER, add_person, open_session
from tests.secrecy.search import finds
from tests.secrecy.test_planted import everywhere

GRANT = {"grant_type": "client_credentials"}


def test_keeps_nothing_of_what_was_pasted(talkative: Installation) -> None:
    made = talkative.live.cli("init", "--organization", "Acme", "--bank", "North")
    base_url = talkative.live.base_url
    pair = {name: made[name] for name in ("client_id", "client_secret")}
    token = httpx2.post(f"{base_url}/oauth/token", data=GRANT | pair).json()["access_token"]
    store = talkative.office.house.store
    word = open_session(store, add_person(store, "Alice", made["organization_guid"], Role.OWNER))
    planted = {"token": token.rpartition(".")[2], "secret": made["client_secret"], "body": "planted-in-a-body-4711"}
    pages = []
    with httpx2.Client(base_url=base_url, headers=BROWSER, cookies={"ostiary": word}) as client:
        for pasted in (
            token,
            f"Authorization: Bearer {token}",
            f"{token[:50]}\n{token[50:]}",
            token[:-1],
            made["client_secret"],
            f'{{"client_secret": "{made["client_secret"]}"}}',
            f'{{"error_message": "{planted["body"]}", "message_code": "{planted["body"]}"}}',
            planted["body"],
        ):
            answer = client.post("/token-doctor", data={"pasted": pasted})
            assert answer.status_code in {200, 422}, answer.text
            pages.append((f"the page about {pasted[:30]}", answer.content + str(answer.headers).encode()))
    assert finds(planted | {"most of the token": planted["token"][:-1]}, pages) == []
    assert finds(planted, everywhere(talkative)) == []
