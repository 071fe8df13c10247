"""The token a command shows to a server: renewed once when it has expired, never repeated in a sentence."""

from dataclasses import dataclass, field

import pytest

from ostiary.cli.remote.api import Api
from ostiary.cli.remote.place import Place, place_of
from ostiary.cli.remote.refusals import Refused
from ostiary.oauth.access_tokens import AccessTokens
from ostiary.oauth.logins import LoginTokens
from ostiary.oauth.queries import by_login_guid
from ostiary.oauth.signing_keys import SigningKeys
from tests.cli.by_server import Scene, made, refused, scene
from tests.people import add_person, open_login

__all__ = ["made", "scene"]

pytestmark = pytest.mark.any_database


@dataclass
class Profile:
    """A source that can renew its token so many times."""

    first: str
    others: list[str] = field(default_factory=list)
    name: str = "the login"

    def token(self) -> str:
        return self.first

    def renew(self) -> str | None:
        return self.others.pop(0) if self.others else None


@pytest.fixture
def expired(scene: Scene) -> str:
    """A token of Acme's that was good a minute ago."""
    house = scene.made.office.house
    person = add_person(house.store, f"Old{scene.acme}", scene.acme, "owner")
    keys = SigningKeys(house.store, house.signing_key_seal)
    with house.store.reading() as db:
        login = by_login_guid(db, open_login(house.store, person), keys.current_kid)
    assert login is not None
    return LoginTokens(AccessTokens(scene.made.live.base_url, keys), -60).issue(login).token.decode()


def test_renews_an_expired_token_once(scene: Scene, expired: str) -> None:
    profile = Profile(expired, [scene.token, "never asked for"])
    with Api(scene.made.live.base_url, profile) as api:
        assert [one["guid"] for one in api.every("/api/banks")] == [scene.north]
        made = api.create("/api/bank_applications", {"name": "x", "expires_at": "2030-01-01", "bank_guid": scene.north})
    assert made["secret"].startswith("ost_sandbox_")
    assert profile.others == ["never asked for"]


def test_gives_up_when_the_new_token_has_expired_too(scene: Scene, expired: str) -> None:
    for others in [], [expired, scene.token]:
        with (
            Api(scene.made.live.base_url, Profile(expired, list(others))) as api,
            pytest.raises(Refused, match="the token of the login: Signature has expired") as raised,
        ):
            api.get("/api/banks")
        assert expired not in str(raised.value)


def test_renews_no_token_that_is_refused_for_another_reason(scene: Scene) -> None:
    profile = Profile(scene.token[:-4] + "AAAA", [scene.token])
    with Api(scene.made.live.base_url, profile) as api, pytest.raises(Refused, match="Signature verification raised"):
        api.get("/api/banks")
    assert profile.others == [scene.token]


def test_says_what_to_do_about_a_token_that_has_expired(scene: Scene, expired: str) -> None:
    done = scene.there("keys", "list", token=expired)
    assert refused(done, "does not accept the token of OSTIARY_TOKEN: Signature has expired. What to do: ")


def test_refuses_a_viewer_and_somebody_who_was_shut_out(scene: Scene) -> None:
    viewer = scene.login("Bob", "viewer")
    done = scene.there("keys", "create", "--bank", scene.north, "--name", "x", token=viewer)
    assert refused(done, "Invalid scopes. Required: bank_applications:execute")
    scene.told_there("users", "disable", f"bob{scene.acme}@example.com", "--yes")
    assert refused(scene.there("banks", "list", token=viewer), "does not accept the token of OSTIARY_TOKEN: ")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.e30.c", "a.bnVsbA.c", "..", "a.eyJiYW5rX2d1aWQiOm51bGx9.c"])
def test_takes_a_strange_token_for_one_that_says_nothing(token: str) -> None:
    assert place_of(token) == Place()


def test_reads_where_a_token_works(scene: Scene) -> None:
    assert place_of(scene.login("Bo", bank_guid=scene.north)) == Place("user", scene.acme, scene.north)
