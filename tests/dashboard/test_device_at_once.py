"""Answers to a program while its person is shut out: no login stays, whichever of the two comes first."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.requests import Request

from ostiary.oauth.models import DeviceCode
from ostiary.settings import Settings
from ostiary.users import accounts, entry, queries, service
from ostiary.users.models import Login, UserSession
from ostiary.users.session import Sessions
from ostiary.users.throttle import SignInThrottle
from tests.at_once import refused_after, written
from tests.people import ADDRESS, OPERATOR, Cast, open_session
from tests.programs import Program, approve
from tests.signed_in import cast, program

__all__ = ["cast", "program"]

End = Callable[[Session, Cast], object]


def by_password(db: Session, cast: Cast) -> None:
    user = queries.by_guid(db, cast["Dana"].user_guid)
    assert user is not None
    entry.change_password(db, user, "another hash", ADDRESS)


def by_operator(db: Session, cast: Cast) -> None:
    accounts.disable(db, OPERATOR, cast["Dana"].email)


def by_colleague(db: Session, cast: Cast) -> None:
    service.disable(db, OPERATOR, cast["Dana"].membership_guid)


ENDS = pytest.mark.parametrize("end", [by_password, by_operator, by_colleague])


def logins(cast: Cast) -> list[Login]:
    with cast.store.reading() as db:
        return list(db.scalars(sa.select(Login)))


@ENDS
@pytest.mark.parametrize("answer", ["approval", "denial"])
def test_takes_no_answer_of_somebody_who_is_shut_out(cast: Cast, program: Program, end: End, answer: str) -> None:
    code = program.begin()
    browser = cast.signed_in("Dana")
    statuses = []

    def send() -> None:
        form = {"user_code": code, "organization_guid": cast.acme, "confirmed": "yes"}
        statuses.append(browser.post(f"/device/{answer}", data=form).status_code)

    refused_after(cast.store, lambda db: end(db, cast), send)
    assert (statuses, logins(cast)) == ([401], [])
    with cast.store.reading() as db:
        assert [each.is_decided for each in db.scalars(sa.select(DeviceCode))] == [False]


@ENDS
def test_ends_a_login_that_is_approved_at_that_moment(cast: Cast, settings: Settings, end: End) -> None:
    word = open_session(cast.store, cast["Dana"])
    sessions = Sessions(settings)
    request = Request({"type": "http", "headers": [(b"cookie", f"{sessions.cookie_name}={word}".encode())]})
    with cast.store.reading() as db:
        visitor = sessions.visitor(db, request, ADDRESS)
    assert visitor is not None

    def let_in(db: Session) -> None:
        assert sessions.held(db, visitor, request) == visitor
        session = db.scalars(sa.select(UserSession)).one()
        db.add(
            Login(
                membership_guid=visitor.actor.guid, scope="", address="", user_agent="", expires_at=session.expires_at
            )
        )
        db.flush()

    refused_after(cast.store, let_in, written(cast.store, lambda db: end(db, cast)))
    assert logins(cast) == []


def test_keeps_nobody_from_writing_while_a_code_is_looked_up(
    cast: Cast, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = program.begin()
    as_always = SignInThrottle.user_code
    written_meanwhile = []

    @contextlib.contextmanager
    def user_code(self: SignInThrottle, user_guid: str) -> Iterator[Callable[[], None]]:
        with cast.store.writing() as db:
            db.execute(sa.update(UserSession).values(user_agent="somebody else writes"))
        written_meanwhile.append(True)
        with as_always(self, user_guid) as failed:
            yield failed

    browser = cast.signed_in("Dana")
    monkeypatch.setattr(SignInThrottle, "user_code", user_code)
    assert browser.post("/device/denial", data={"user_code": "BCDF-GHJK"}).status_code == 404
    assert approve(cast, browser, code).status_code == 303
    assert len(written_meanwhile) == 2


def test_sends_a_stranger_away_without_a_turn_to_write(cast: Cast) -> None:
    with cast.store.writing():
        for answer in ("approval", "denial"):
            assert cast.stranger().post(f"/device/{answer}", data={"user_code": "BCDF-GHJK"}).status_code == 401
