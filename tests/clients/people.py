"""People on a live server: they ask with a token of their own where a holder asks with one of its key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from ostiary.cli.login_profile import CONFIG_DIR
from ostiary.users.session import Sessions
from tests.clients.cast import Holder
from tests.durability.direct import office
from tests.durability.installation import settings_of
from tests.live import COMMAND_SECONDS
from tests.people import BROWSER, add_person, open_session
from tests.programs import code_of, start_login


@dataclass(frozen=True, slots=True)
class Person(Holder):
    """The pair is still of the holder they belong to."""

    own_token: str

    def token(self, *_: str) -> str:
        return self.own_token


@contextmanager
def person_of(organization: Holder, name: str, *, role: str = "owner", bank_guid: str = "") -> Iterator[Person]:
    """Somebody new in the organization, who signed in with `ostiary login` and approved it in a browser."""
    server = organization.server
    settings = settings_of(server)
    with office(settings) as opened, TemporaryDirectory() as folder:
        person = add_person(opened.house.store, name, organization.guid, role)
        cookie = {Sessions(settings).cookie_name: open_session(opened.house.store, person)}
        env = {**server.env, CONFIG_DIR: folder}
        process = start_login(env, "--server", server.base_url, *(["--bank", bank_guid] if bank_guid else []))
        form = {"user_code": code_of(process), "organization_guid": organization.guid, "confirmed": "yes"}
        answer = httpx2.post(f"{server.base_url}/device/approval", data=form, headers=BROWSER, cookies=cookie)
        assert answer.status_code == httpx2.codes.SEE_OTHER, answer.text
        _, said = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == 0, said
        token = json.loads((Path(folder) / "profiles" / "default.json").read_text())["access_token"]
        yield Person(server, organization.guid, organization.client_id, organization.client_secret, token)
