"""Every guard of the way in and of sessions, taken away once: the check that watches it turns red (W-02 to W-04)."""

import datetime as dt
import inspect
import secrets
from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from starlette.requests import Request

from ostiary import clock
from ostiary.errors import Invalid
from ostiary.users import entry, passwords, queries, session
from ostiary.users.entry import Entrance
from ostiary.users.models import User, UserSession
from ostiary.users.session import Sessions
from tests.users import test_sessions as life
from tests.users import test_sign_in as way_in

Plant = Callable[[pytest.MonkeyPatch], None]
AGES = dt.timedelta(days=1000)


def keeps_the_id_that_came_along(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(secrets, "token_urlsafe", lambda _: "planted")


def leaves_the_old_session_open(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(session, "end", lambda *_: None)


def forgets_nobody_who_idles(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(Sessions, "_idle", property(lambda _: AGES))


def opens_sessions_for_ever(planted: pytest.MonkeyPatch) -> None:
    as_always = Sessions.open

    def opened(self: Sessions, db: Session, user: User, request: Request, address: str) -> str:
        word = as_always(self, db, user, request, address)
        db.flush()  # the session is there to be changed
        db.execute(update(UserSession).values(expires_at=clock.now() + AGES))
        return word

    planted.setattr(Sessions, "open", opened)


def lets_scripts_read_the_cookie(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(Sessions, "_flags", property(lambda _: "Path=/; SameSite=Strict; Secure"))


def sends_the_cookie_in_the_clear(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(Sessions, "_flags", property(lambda _: "Path=/; HttpOnly; SameSite=Strict"))


def names_the_cookie_alike_over_tls(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(Sessions, "cookie_name", "ostiary")


def refuses_strangers(planted: pytest.MonkeyPatch, message: str, status: int) -> None:
    as_always = Entrance.sign_in

    def sign_in(self: Entrance, db: Session, email: str, password: str, address: str) -> User:
        if queries.by_email(db, email) is None:
            raise Invalid("invalid_credentials", message, status=status)
        return as_always(self, db, email, password, address)

    planted.setattr(Entrance, "sign_in", sign_in)


def tells_strangers_in_words(planted: pytest.MonkeyPatch) -> None:
    refuses_strangers(planted, "Nobody here has this address", 401)


def tells_strangers_by_status(planted: pytest.MonkeyPatch) -> None:
    refuses_strangers(planted, entry.REFUSED, 404)


def tells_strangers_by_time(planted: pytest.MonkeyPatch) -> None:
    as_always = passwords.is_right
    planted.setattr(passwords, "is_right", lambda given, stored: stored is not None and as_always(given, stored))


FLAWS: list[tuple[Plant, Callable[..., None]]] = [
    (keeps_the_id_that_came_along, life.test_takes_no_id_that_it_did_not_make),
    (leaves_the_old_session_open, life.test_gives_a_new_id_at_sign_in_and_ends_the_old_one),
    (leaves_the_old_session_open, way_in.test_signs_out_and_says_so),
    (forgets_nobody_who_idles, life.test_ends_a_session_after_an_hour_without_a_click_to_the_second),
    (opens_sessions_for_ever, life.test_ends_a_session_after_a_day_whatever_was_done),
    (lets_scripts_read_the_cookie, life.test_binds_cookies_to_its_host_and_to_tls),
    (lets_scripts_read_the_cookie, life.test_gives_cookies_to_no_script_without_tls_either),
    (sends_the_cookie_in_the_clear, life.test_binds_cookies_to_its_host_and_to_tls),
    (names_the_cookie_alike_over_tls, life.test_takes_a_cookie_without_the_prefix_for_nothing_over_tls),
    (tells_strangers_in_words, way_in.test_says_the_same_to_everybody_it_does_not_let_in),
    (tells_strangers_by_status, way_in.test_says_the_same_to_everybody_it_does_not_let_in),
    (tells_strangers_by_time, way_in.test_compares_one_hash_whoever_comes),
    (tells_strangers_by_time, way_in.test_takes_as_long_for_a_stranger_as_for_a_wrong_password),
]


@pytest.mark.any_database
@pytest.mark.parametrize(("plant", "check"), FLAWS, ids=lambda each: each.__name__)
def test_notices_when_it(
    plant: Plant, check: Callable[..., None], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name: request.getfixturevalue(name) for name in inspect.signature(check).parameters}
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check(**given)
