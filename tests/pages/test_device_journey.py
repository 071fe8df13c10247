"""A real `ostiary login` and a real browser: signing in from a terminal, to the end of the login in Settings."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ostiary.app import Ostiary
from ostiary.settings import Settings
from tests.browser import Visit, visiting
from tests.live import COMMAND_SECONDS, LiveServer
from tests.pages.gallery import SIZES
from tests.people import Cast

pytestmark = pytest.mark.any_database


PASSWORD = "correct horse battery staple"
LINK = re.compile(r"Open  (\S+)\n")
CODE = re.compile(r"code:  ([A-Z]{4}-[A-Z]{4})")


@pytest.fixture
def cast(ostiary: Ostiary, settings: Settings) -> Cast:
    made = Cast(ostiary, settings)
    made.join("Carol", "developer", password=PASSWORD)
    return made


class Terminal:
    """Where Carol types commands."""

    def __init__(self, live: LiveServer, folder: Path) -> None:
        self.env = {**live.env, "OSTIARY_CONFIG_DIR": str(folder)}

    def begin(self, *args: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "ostiary", *args]
        return subprocess.Popen(
            command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str) -> tuple[int, str, str]:
        process = self.begin(*args)
        stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
        return process.returncode, stdout, stderr


@pytest.fixture
def terminal(live: LiveServer, tmp_path: Path) -> Terminal:
    return Terminal(live, tmp_path / "config")


def told(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """The link and the code."""
    assert process.stderr is not None
    said = process.stderr.readline() + process.stderr.readline()
    link, code = LINK.search(said), CODE.search(said)
    assert link, said
    assert code, said
    return link[1], code[1]


def sign_in(page: Page) -> None:
    page.get_by_label("Email").fill("carol@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_signs_in_from_a_terminal_and_ends_it_in_settings(
    browser: Browser, live: LiveServer, cast: Cast, terminal: Terminal
) -> None:
    process = terminal.begin("login", "--server", live.base_url, "--json")
    link, code = told(process)
    with visiting(browser, live.base_url) as visit:
        page = visit.context.new_page()
        page.goto(link)
        sign_in(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Let this program in as Carol?")
        expect(page.get_by_text(code)).to_be_visible()
        expect(page.get_by_text("Approve only what you started yourself")).to_be_visible()
        page.get_by_label("Bank").select_option(label="South (sandbox)")
        page.get_by_label("I started this myself").check()
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_text("return to the terminal")).to_be_visible()
        stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == 0, stderr
        assert json.loads(stdout)["bank_guid"] == cast.south
        status, said, _ = terminal.run("whoami", "--json")
        assert (status, json.loads(said)["organization"]) == (0, "Acme")
        page.goto("/settings/account#logins")
        row = page.get_by_role("row").filter(has_text="Ostiary's command line")
        expect(row).to_contain_text("South")
        row.get_by_role("button", name="End").click()
        expect(page.get_by_text("The program is signed out.")).to_be_visible()
        status, said, complaint = terminal.run("whoami", "--json")
        assert (status, said) == (1, "")
        assert "Login ended. What to do: Sign in again with `ostiary login`" in complaint


def test_denies_on_a_telephone_without_script(
    browser: Browser, live: LiveServer, cast: Cast, terminal: Terminal
) -> None:
    assert cast["Carol"].membership_guid
    process = terminal.begin("login", "--server", live.base_url)
    _, code = told(process)
    context = browser.new_context(
        base_url=live.base_url,
        java_script_enabled=False,
        viewport=SIZES["390"],  # type: ignore[arg-type]  # a dict with both members
    )
    visit = Visit(context, live.base_url)
    page = visit.page("/device")
    sign_in(page)
    page.get_by_label("Code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("The program gets nothing")).to_be_visible()
    visit.assert_quiet()
    context.close()
    stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
    assert (process.returncode, stdout) == (1, "")
    assert "The request was denied" in stderr
