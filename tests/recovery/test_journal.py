"""The revocation journal: what is taken away stands in it before anybody hears that it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.errors import ConfigurationError, StoreUnavailable
from ostiary.events import journal
from ostiary.events.journal import Journal
from ostiary.house import JOURNAL_PURPOSE
from tests.durability.direct import Office
from tests.recovery.site import Site, ask

KEY = bytes(range(32))
HERE = Path(__file__).resolve().parents[2]

APPENDER = """
import sys
from pathlib import Path
from ostiary.events.journal import Journal, TAKEN
from ostiary.events.models import Event
from types import SimpleNamespace
journal = Journal(Path(sys.argv[1]), bytes(range(32)))
for number in range(int(sys.argv[2])):
    event = Event(guid=f"{sys.argv[3]}-{number}", event_type="credential.deleted", object_guid="0" * 32, facts={})
    journal.write(SimpleNamespace(info={TAKEN: [event]}))
"""


def entries(opened: Office) -> list[tuple[str, str]]:
    """Type and object of every line."""
    kept = opened.house.journal
    assert kept is not None
    found = journal.read(kept.path, opened.house.master_key.derive(JOURNAL_PURPOSE))
    return [(each.event_type, each.object_guid) for each in found.entries]


def test_tells_what_was_taken_away_and_nothing_else(site: Site) -> None:
    with site.office() as opened:
        bank = opened.bank()
        one, two = opened.key(bank), opened.key(bank)
        assert entries(opened) == []
        opened.pause(one.client_id)
        opened.resume(one.client_id)
        opened.allow(one.client_id, "192.0.2.0/24")
        opened.revoke(two.client_id)
        kinds = [kind for kind, _ in entries(opened)]
    assert kinds == ["credential.updated", "credential.updated", "credential.deleted"]


def test_keeps_no_names_and_no_addresses_of_people(site: Site) -> None:
    site.cli("init", "--organization", "Acme", "--bank", "North")
    organization = site.cli("organizations", "list")["objects"][0]["guid"]
    site.cli("users", "create", "--email", "carol@example.com", "--name", "Carol Sentinel")
    place = ("--organization", organization)
    site.cli("users", "invite", "--email", "dave.sentinel@example.com", "--role", "viewer", *place)
    site.cli("users", "disable", "dave.sentinel@example.com", "--yes")
    text = site.journal.read_text()
    assert "user.deleted" in text
    assert "entinel" not in text


def test_is_private(site: Site) -> None:
    with site.office():
        pass
    assert site.journal.stat().st_mode & 0o777 == 0o600


def test_takes_nothing_away_that_it_cannot_write_down(site: Site) -> None:
    with site.office() as opened:
        pair = opened.key(opened.bank())
        site.journal.unlink()
        site.journal.mkdir()
        with pytest.raises(StoreUnavailable):
            opened.revoke(pair.client_id)
    site.journal.rmdir()
    with site.served() as client:
        assert ask(client, pair)[0] == 200


def test_starts_nothing_when_it_cannot_be_written(site: Site) -> None:
    with site.office() as opened:
        pair = opened.key(opened.bank())
    site.journal.unlink()
    site.journal.mkdir()
    said = site.refused("keys", "revoke", pair.client_id, "--yes")
    assert f"{site.journal} cannot be written: Is a directory" in said


def appended(path: Path, *numbers: int) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", APPENDER, path, str(number), str(process)], cwd=HERE)
        for process, number in enumerate(numbers)
    ]
    assert [each.wait() for each in running] == [0] * len(numbers)


def test_is_written_by_many_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    appended(path, 40, 40, 40)
    found = journal.read(path, KEY)
    assert sorted(each.event_guid for each in found.entries) == sorted(f"{p}-{n}" for p in range(3) for n in range(40))


def test_goes_on_after_a_line_that_was_torn(tmp_path: Path) -> None:
    """As a process that is killed, or a full disk, leaves it: that event was never committed."""
    path = tmp_path / "journal"
    appended(path, 2)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(len(lines[-1])):
        path.write_bytes(b"".join(lines[:-1]) + lines[-1][:cut])
        Journal(path, KEY).begin()
        assert path.read_bytes() == b"".join(lines[:-1])
    appended(path, 1)
    assert [each.event_guid for each in journal.read(path, KEY).entries] == ["0-0", "0-0"]


def test_begins_anew_when_its_first_line_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path, KEY).begin()
    first = path.read_bytes()
    path.write_bytes(first[:20])
    Journal(path, KEY).begin()
    assert json.loads(path.read_bytes().split(b"\t")[0])["journal"] != json.loads(first.split(b"\t")[0])["journal"]
    assert journal.read(path, KEY).entries == []


def test_shows_every_changed_byte_and_every_line_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    appended(path, 3)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole) - 1)]
    without = [b"".join(lines[:gone] + lines[gone + 1 :]) for gone in range(len(lines) - 1)]
    swapped = b"".join([lines[0], lines[2], lines[1], lines[3]])
    for text in [*changed, *without, swapped, b""]:
        path.write_bytes(text)
        with pytest.raises(ConfigurationError):
            journal.read(path, KEY)
    path.write_bytes(whole)
    assert len(journal.read(path, KEY).entries) == 3
    with pytest.raises(ConfigurationError):
        journal.read(path, bytes(32))
