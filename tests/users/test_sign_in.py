"""Signing in: one answer for whoever may not, and no way to find out who is here."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest
from httpx2 import Response

from ostiary.errors import Invalid
from ostiary.settings import Settings
from ostiary.users import passwords
from ostiary.users.entry import Entrance
from ostiary.users.throttle import SignInThrottle
from tests.people import ADDRESS, Cast, open_session, put_cookie
from tests.ticking import Ticks, counting
from tests.users.ways_in import PASSWORD, WRONG, events, is_in, problem_in, sessions, sign_in

KNOWN = "carol@example.com"


def without(answer: Response, email: str) -> str:
    return answer.text.replace(email, "EMAIL")


def test_lets_somebody_in_whatever_the_spelling_of_the_address(cast: Cast, carol: str) -> None:
    browser = cast.stranger()
    answer = sign_in(browser, f"  {carol.upper()} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert is_in(browser)
    (event,) = events(cast.store, "session.created")
    assert (event.organization_guid, event.actor_guid) == (cast.acme, cast["Carol"].membership_guid)
    assert event.address == ADDRESS


def test_says_the_same_to_everybody_it_does_not_let_in(cast: Cast, refusals: list[tuple[str, str]]) -> None:
    answers = [(email, sign_in(cast.stranger(), email, password)) for email, password in refusals]
    assert {answer.status_code for _, answer in answers} == {401}
    assert len({without(answer, email) for email, answer in answers}) == 1
    assert {problem_in(answer) for _, answer in answers} == {"Email or password is wrong"}
    headers = [dict(answer.headers) for _, answer in answers]
    for each in headers:
        del each["content-length"]
    assert all(each == headers[0] for each in headers)
    assert "set-cookie" not in headers[0]


def test_compares_one_hash_whoever_comes(cast: Cast, refusals: list[tuple[str, str]], verified: list[str]) -> None:
    for email, password in [*refusals, (KNOWN, PASSWORD)]:
        verified.clear()
        sign_in(cast.stranger(), email, password)
        assert len(verified) == 1, email


def test_takes_as_long_for_a_stranger_as_for_a_wrong_password(cast: Cast, carol: str, settings: Settings) -> None:
    entrance = Entrance(cast.store, settings, SignInThrottle(counting()))

    def seconds(email: str, number: int) -> float:
        start = time.perf_counter()
        with cast.store.reading() as db, pytest.raises(Invalid):
            # Each from elsewhere, so that nobody is slowed down.
            entrance.sign_in(db, email, WRONG, f"203.0.113.{number}")
        return time.perf_counter() - start

    # By turns, so that whatever else the machine does slows both.
    taken = [(seconds(carol, number), seconds("nobody@nowhere.com", number)) for number in range(15)]
    known, unknown = (median(each) for each in zip(*taken, strict=True))
    assert abs(known - unknown) < 0.5 * known, (known, unknown)


def test_repeats_the_address_but_never_the_password(cast: Cast, carol: str) -> None:
    answer = sign_in(cast.stranger(), carol, WRONG, next="/developers?bank=x")
    assert f'value="{carol}"' in answer.text
    assert 'value="/developers?bank=x"' in answer.text
    assert WRONG not in answer.text


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/developers?bank=x", "/developers?bank=x"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("\\\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_leads_on_to_its_own_pages_only(cast: Cast, carol: str, asked: str, led: str) -> None:
    assert sign_in(cast.stranger(), carol, next=asked).headers["location"] == led
    signed_in = cast.signed_in("Bob")
    assert signed_in.get("/sign-in", params={"next": asked}).headers["location"] == led


def test_leads_back_to_what_was_asked_for_while_signed_out(cast: Cast) -> None:
    browser = cast.stranger()
    asked = browser.get("/developers?bank=x&status=paused")
    assert asked.status_code == 303
    page = browser.get(asked.headers["location"])
    assert 'value="/developers?bank=x&amp;status=paused"' in page.text


def test_slows_down_a_source_after_ten_wrong_passwords(cast: Cast, carol: str, ticks: Ticks) -> None:
    assert ticks.now
    guesser, colleague = cast.stranger("198.51.100.7"), cast.stranger("198.51.100.8")
    assert [sign_in(guesser, carol, WRONG).status_code for _ in range(10)] == [401] * 10
    slowed = sign_in(guesser, carol)
    assert slowed.status_code == 429
    assert slowed.headers["retry-after"] == "900"
    assert slowed.headers["ratelimit"] == '"failed-sign-ins-per-source";r=0;t=900'
    assert problem_in(slowed) == "Too many attempts. Try again in 15 minutes"
    assert f'value="{carol}"' in slowed.text
    assert sign_in(guesser, "nobody@nowhere.com").status_code == 429
    assert sign_in(colleague, carol).status_code == 303


def test_takes_an_ipv6_network_for_one_source(cast: Cast, carol: str) -> None:
    for number in range(10):
        sign_in(cast.stranger(f"2001:db8:0:1::{number}"), carol, WRONG)
    assert sign_in(cast.stranger("2001:db8:0:1:ffff::1"), carol).status_code == 429
    assert sign_in(cast.stranger("2001:db8:0:2::1"), carol).status_code == 303


def test_never_slows_down_who_knows_the_password(cast: Cast, carol: str) -> None:
    assert {sign_in(cast.stranger(), carol).status_code for _ in range(12)} == {303}


def test_slows_down_everybody_who_is_new_to_an_account(cast: Cast, carol: str, settings: Settings) -> None:
    throttle = SignInThrottle(counting())
    for number in range(100):
        with throttle.attempt(f"198.51.100.{number}", carol, is_known_source=False) as failed:
            failed()
    entrance = Entrance(cast.store, settings, throttle)
    open_session(cast.store, cast["Carol"], address="192.0.2.1")
    with cast.store.reading() as db:
        with pytest.raises(Invalid) as refused:
            entrance.sign_in(db, carol, PASSWORD, "192.0.2.2")
        assert refused.value.status == 429
        assert entrance.sign_in(db, carol, PASSWORD, "192.0.2.1").email == carol


def test_counts_guesses_that_come_all_at_once(cast: Cast, carol: str, settings: Settings, verified: list[str]) -> None:
    entrance = Entrance(cast.store, settings, SignInThrottle(counting()))

    def guess(_: int) -> int:
        with cast.store.reading() as db, pytest.raises(Invalid) as refused:
            entrance.sign_in(db, carol, WRONG, "198.51.100.7")
        return refused.value.status

    with ThreadPoolExecutor(30) as crowd:
        statuses = list(crowd.map(guess, range(60)))
    assert len(verified) <= 10
    assert statuses.count(429) >= 50


def test_sends_people_away_when_too_many_passwords_are_looked_at(cast: Cast, carol: str) -> None:
    browser = cast.stranger()
    with standing_in_line(passwords.AT_A_TIME + passwords.MOST_WAITING):
        start = time.monotonic()
        answer = sign_in(browser, carol)
        assert time.monotonic() - start < 1
        assert browser.get("/sign-in").status_code == 200
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "Too many people are signing in" in problem_in(answer)
    # Nobody guessed anything, so nobody is slowed down for it, and everybody has left the line.
    assert sign_in(browser, carol).status_code == 303


@contextlib.contextmanager
def standing_in_line(people: int) -> Iterator[None]:
    """So many others are at the hasher, or wait for it."""
    for _ in range(people):
        passwords._line.acquire()
    yield
    for _ in range(people):
        passwords._line.release()


def test_signs_out_and_says_so(cast: Cast, carol: str) -> None:
    browser = cast.stranger()
    sign_in(browser, carol)
    word = browser.cookies["ostiary"]
    answer = browser.post("/sign-out")
    assert answer.headers["location"] == "/sign-in?done=signed-out"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "You are signed out." in browser.get(answer.headers["location"]).text
    put_cookie(browser, "ostiary", word)
    assert not is_in(browser)
    assert sessions(cast.store) == []
    (event,) = events(cast.store, "session.deleted")
    assert event.organization_guid == cast.acme
