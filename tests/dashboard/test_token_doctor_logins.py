"""The Token doctor on people's tokens: whose login it is and how it stands, told within the organization alone."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
import time_machine
from httpx2 import Response
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.app import Ostiary
from ostiary.banks.models import Bank
from ostiary.settings import Settings
from ostiary.users.models import Login, User
from tests.people import Cast, open_login, user_token
from tests.programs import words

pytestmark = pytest.mark.any_database


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    return Cast(ostiary, settings)


def token_of(cast: Cast, name: str, bank_guid: str | None = None) -> str:
    return user_token(cast.ostiary, open_login(cast.store, cast[name], bank_guid=bank_guid, scope="banks:read"))


def examine(cast: Cast, name: str, pasted: str) -> Response:
    answer = cast.signed_in(name).post("/token-doctor", data={"pasted": pasted})
    assert answer.status_code == 200
    assert pasted not in answer.text
    return answer


def test_says_whose_it_is_and_that_it_is_good(cast: Cast) -> None:
    said = words(examine(cast, "Alice", token_of(cast, "Dana", cast.south)).text)
    for part in ("The token is good for another", "The token and its login", "Person Dana", "Role Developer", "South"):
        assert part in said, part
    assert "client id" not in said


Change = Callable[[Session, Cast], object]
TROUBLES: dict[str, tuple[Change, str]] = {
    "ended": (lambda db, _: db.execute(sa.delete(Login)), "The person&#39;s login has ended"),
    "disabled": (lambda db, _: db.execute(sa.update(User).values(disabled_at=clock.now())), "may no longer come in"),
    "closed": (lambda db, _: db.execute(sa.update(Bank).values(closed_at=clock.now())), "The bank is closed"),
    "moved": (
        lambda db, _: db.execute(sa.update(Bank).values(type="production")),
        "place has changed since",
    ),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_says_how_the_login_stands(cast: Cast, case: str) -> None:
    change, text = TROUBLES[case]
    token = token_of(cast, "Dana", cast.south)
    browser = cast.signed_in("Alice")
    with cast.store.writing() as db:
        # Alice is to look on.
        change(db, cast)
        db.execute(sa.update(User).where(User.guid == cast["Alice"].user_guid).values(disabled_at=None))
    said = browser.post("/token-doctor", data={"pasted": token}).text
    assert text in said
    assert "good for another" not in said


def test_says_that_it_has_expired_and_the_login_goes_on(cast: Cast) -> None:
    token = token_of(cast, "Dana")
    with time_machine.travel(clock.now().timestamp() + 3600, tick=False):
        said = words(examine(cast, "Dana", token).text)
    assert "The token expired" in said
    assert "The command line gets a new one by itself" in said


def test_tells_nobody_elsewhere(cast: Cast) -> None:
    mine = words(examine(cast, "Mallory", token_of(cast, "Dana", cast.south)).text)
    assert "This is not a token of your organization" in mine
    assert "Dana" not in mine
    assert "South" not in mine


@pytest.mark.parametrize("kind", ["refresh", "device"])
def test_knows_what_never_leaves_a_program(cast: Cast, kind: str) -> None:
    said = examine(cast, "Alice", f"ost_{kind}_" + "a" * 49).text
    assert "This is a refresh token or a device code" in said


def test_explains_what_a_program_was_told(cast: Cast) -> None:
    for error, description, meaning in (
        ("authorization_pending", "x", "Nobody has approved the program yet"),
        ("slow_down", "x", "The program asks too often"),
        ("access_denied", "x", "The program was not let in"),
        ("expired_token", "x", "The device code has expired"),
        ("invalid_grant", "This login has ended: sign in again", "login has ended"),
    ):
        said = examine(cast, "Alice", f'{{"error": "{error}", "error_description": "{description}"}}').text
        assert meaning in said, error
