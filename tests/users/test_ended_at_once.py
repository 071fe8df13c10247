"""What a password opens while it changes: nothing of it stays, whichever of the two comes first."""

import hashlib
import secrets
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.users import accounts, entry, queries, session
from ostiary.users.models import User, UserSession
from tests.at_once import refused_after, written
from tests.people import ADDRESS, OPERATOR, Cast
from tests.users.ways_in import OTHER_PASSWORD, PASSWORD, is_in, sessions, sign_in, users

ACCOUNT = "/settings/account"
CHANGE = {"password_current": PASSWORD, "password": OTHER_PASSWORD}
End = Callable[[Session, User], object]


def by_password(db: Session, user: User) -> None:
    entry.change_password(db, user, "another hash", ADDRESS)


def by_operator(db: Session, user: User) -> None:
    accounts.disable(db, OPERATOR, user.email)


def ending(end: End, email: str) -> Callable[[Session], object]:
    def run(db: Session) -> object:
        user = queries.by_email(db, email)
        assert user is not None
        return end(db, user)

    return run


@pytest.mark.parametrize("end", [by_password, by_operator])
def test_lets_nobody_in_whose_password_ends_while_it_is_looked_at(cast: Cast, carol: str, end: End) -> None:
    browser = cast.stranger()
    answers = []
    refused_after(cast.store, ending(end, carol), lambda: answers.append(sign_in(browser, carol)))
    assert [each.status_code for each in answers] == [401]
    assert "Email or password is wrong" in answers[0].text
    assert (is_in(browser), sessions(cast.store)) == (False, [])


@pytest.mark.parametrize("end", [by_password, by_operator])
def test_ends_a_session_that_is_opened_at_that_moment(cast: Cast, carol: str, end: End) -> None:
    before = users(cast.store)[carol]

    def let_in(db: Session) -> None:
        user = entry.still(db, before)
        digest = hashlib.sha256(secrets.token_bytes()).digest()
        db.add(UserSession(user_guid=user.guid, id_digest=digest, address="", user_agent="", expires_at=clock.now()))
        db.flush()

    assert refused_after(cast.store, let_in, written(cast.store, ending(end, carol))) == ""
    assert sessions(cast.store) == []


def test_changes_no_password_that_was_changed_while_it_was_looked_at(cast: Cast, carol: str) -> None:
    thief = cast.signed_in("Carol")
    answers = []
    first = ending(by_password, carol)
    refused_after(cast.store, first, lambda: answers.append(thief.post(ACCOUNT, data=CHANGE)))
    assert [each.status_code for each in answers] == [401]
    assert "You were signed out" in answers[0].text
    assert users(cast.store)[carol].password_hash == "another hash"
    assert (is_in(thief), sessions(cast.store)) == (False, [])


def test_changes_no_password_for_a_session_that_ends_meanwhile(cast: Cast, carol: str) -> None:
    thief = cast.signed_in("Carol")
    before = users(cast.store)[carol].password_hash
    answers = []

    def end(db: Session) -> None:
        # As when the operator has disabled and enabled them: the same password.
        db.execute(sa.update(User).where(User.email == carol).values(disabled_at=None))
        session.end_all(db, cast["Carol"].user_guid)

    refused_after(cast.store, end, lambda: answers.append(thief.post(ACCOUNT, data=CHANGE)))
    assert [each.status_code for each in answers] == [401]
    assert users(cast.store)[carol].password_hash == before
