"""A backup and its way back: everything that was there, refused before anything is touched when it is not whole."""

import random
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from ostiary.applications.models import Application
from ostiary.crypto import master_key
from ostiary.db.store import Store
from ostiary.events.catalog import EventType
from ostiary.events.record import record
from ostiary.recovery import container
from tests.durability.direct import OPERATOR, Pair
from tests.durability.makers import key_maker
from tests.durability.test_kill import is_sound
from tests.durability.wire import Caller
from tests.live import LiveServer
from tests.recovery.site import JOURNAL, Site, ask, new_site

SENTINEL = "Sentinel Savings"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_puts_back_every_key_that_was_there(site: Site, backups: Path, tmp_path: Path) -> None:
    with site.office() as opened:
        bank = opened.bank()
        pairs = [opened.key(bank) for _ in range(5)]
    made = site.cli("backup", str(backups))
    restored = site.moved_to(tmp_path / "elsewhere", JOURNAL)
    told = restored.cli("restore", made["file"], "--yes")
    assert (told["held_keys"], told["taken_away_again"], told["kept"]) == (0, 0, None)
    assert told["made_at"] == made["made_at"]
    with restored.served() as client:
        assert [ask(client, pair)[0] for pair in pairs] == [200] * 5
    with restored.office() as opened:
        is_sound(opened.house.store)


def test_loses_nothing_of_what_was_there_while_others_wrote(
    site: Site, tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    """Backups of a live server, with keys being made all the time: what had been shown before each is in it."""
    with site.office() as opened:
        bank = opened.bank()
    with site.serving() as live:
        maker = key_maker(live.env, tmp_path, bank)
        assert maker.has_begun.wait(60)
        for number in range(count(2, 10)):
            before = maker.shown()
            file = backed_up(live, tmp_path / f"{number}.backup")
            time.sleep(0.1)
            restored = site.moved_to(tmp_path / f"data-{number}", JOURNAL)
            restored.cli("restore", str(file), "--yes")
            with restored.served() as client:
                assert [ask(client, pair)[0] for pair in before[-50:]] == [200] * len(before[-50:])
            with restored.office() as opened:
                is_sound(opened.house.store)
                assert len(before) <= keys_in(opened.house.store) <= len(maker.shown()) + 1
        answers_all(live, maker.kill()[-20:])


def backed_up(live: LiveServer, file: Path) -> Path:
    return Path(live.cli("backup", str(file))["file"])


def answers_all(live: LiveServer, pairs: list[Pair]) -> None:
    with Caller(live.port) as caller:
        assert [caller.token(pair).status for pair in pairs] == [200] * len(pairs)


def keys_in(store: Store) -> int:
    with store.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(Application)) or 0


def test_shows_nothing_of_what_is_in_it(site: Site, backups: Path) -> None:
    made = site.cli("init", "--organization", SENTINEL, "--bank", SENTINEL)
    text = site.backup(backups).read_bytes()
    for planted in (SENTINEL, made["client_id"], made["client_secret"], "SQLite format 3", "CREATE TABLE"):
        assert planted.encode() not in text, planted
    plain = b"".join(container.read(next(backups.iterdir()), master_key.load(site.settings)))
    assert SENTINEL.encode() in plain
    assert made["client_secret"].encode() not in plain


def test_is_private_and_leaves_nothing_beside_it(site: Site, backups: Path) -> None:
    site.cli("init", "--organization", "Acme", "--bank", "North")
    file = site.backup(backups)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(backups.iterdir()) == [file]


def test_overwrites_nothing(site: Site, backups: Path) -> None:
    site.cli("init", "--organization", "Acme", "--bank", "North")
    file = site.backup(backups / "one")
    before = file.read_bytes()
    assert "exists already" in site.refused("backup", str(file))
    assert contents(backups) == {"one": before}


def test_says_where_it_cannot_write(site: Site, backups: Path) -> None:
    assert "cannot be written" in site.refused("backup", str(backups / "nowhere" / "one"))


def test_refuses_to_back_up_nothing(tmp_path: Path) -> None:
    assert "nothing to back up" in Site(tmp_path / "data").refused("backup", str(tmp_path / "one"))


@pytest.fixture
def file(site: Site, backups: Path) -> Path:
    site.cli("init", "--organization", "Acme", "--bank", "North")
    return site.backup(backups / "one")


def refuses(site: Site, file: Path, *words: str) -> None:
    """Without having changed a byte, or left one behind."""
    before = contents(site.data)
    said = site.refused("restore", str(file), "--yes")
    assert any(word in said for word in words), said
    assert contents(site.data) == before


def test_refuses_a_backup_of_which_a_byte_is_changed(site: Site, file: Path, count: Callable[[int, int], int]) -> None:
    whole = file.read_bytes()
    chosen = random.Random(7)  # noqa: S311 - no secret
    places = [*range(40), *(chosen.randrange(len(whole)) for _ in range(count(12, 200))), len(whole) - 1]
    for at in places:
        file.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chosen.randrange(8))]) + whole[at + 1 :])
        refuses(site, file, "damaged", "no backup", "later release", "another master key")


def test_refuses_a_backup_that_was_cut_short_or_goes_on(site: Site, file: Path) -> None:
    whole = file.read_bytes()
    lengths = [0, 1, 14, 15, 19, 25, 200, len(whole) // 2, len(whole) - 17, len(whole) - 16, len(whole) - 1]
    for text in [*(whole[:length] for length in lengths), whole + b"x", whole + whole, whole * 2 + b"y"]:
        file.write_bytes(text)
        refuses(site, file, "damaged", "no backup")


def test_refuses_pieces_that_stand_in_another_order(site: Site, backups: Path) -> None:
    with site.office() as opened, opened.house.store.writing() as db:
        for _ in range(3):
            filler = secrets.token_hex(container.PIECE_BYTES)
            record(db, OPERATOR, EventType.BANK_CREATED, "x", organization_guid="x", filler=filler)
    file = site.backup(backups / "one")
    whole = file.read_bytes()
    piece = container.PIECE_BYTES + container.TAG_BYTES
    start = len(container.MAGIC) + container.LENGTH_BYTES
    start += int.from_bytes(whole[len(container.MAGIC) : start])
    pieces = [whole[at : at + piece] for at in range(start, len(whole), piece)]
    assert len(pieces) > 2
    for wrong in ([pieces[1], pieces[0], *pieces[2:]], pieces[:-1], pieces[1:], [*pieces, pieces[-1]]):
        file.write_bytes(whole[:start] + b"".join(wrong))
        refuses(site, file, "damaged")


def test_refuses_what_is_no_backup(site: Site, file: Path, tmp_path: Path) -> None:
    for text in (
        b"",
        b"SQLite format 3\0" + bytes(5000),
        b"OSTIARY BACKUP\n",
        b"OSTIARY BACKUP\n\0\0\0\2{}",
        bytes(9000),
    ):
        file.write_bytes(text)
        refuses(site, file, "no backup", "damaged")
    refuses(site, tmp_path / "nowhere", "cannot be read")


def test_refuses_a_backup_made_under_another_master_key(file: Path, tmp_path: Path) -> None:
    stranger = new_site(tmp_path / "stranger")
    stranger.cli("init", "--organization", "Globex", "--bank", "South")
    refuses(stranger, file, "another master key")


def test_makes_no_master_key_where_the_old_one_is_missing(file: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    bare = Site(tmp_path / "bare")
    assert "master key" in bare.refused("restore", str(file), "--yes")
    assert contents(bare.data) == {}


def test_refuses_a_backup_of_a_newer_schema(site: Site, backups: Path) -> None:
    with site.office() as opened, opened.house.store.writing() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        db.execute(sa.text("UPDATE schema_support SET oldest_revision = '0001'"))
    refuses(site, site.backup(backups / "one"), "schema 9999")


def test_refuses_while_a_server_has_the_database(site: Site, tmp_path: Path) -> None:
    with site.office() as opened:
        pair = opened.key(opened.bank())
    with site.serving() as live:
        file = backed_up(live, tmp_path / "one")
        assert "in use" in site.refused("restore", str(file), "--yes")
        answers_all(live, [pair])


def test_asks_before_it_replaces_a_database(site: Site, file: Path) -> None:
    before = contents(site.data)
    said = site.refused("restore", str(file))
    assert "What was made since the backup is gone" in said
    assert contents(site.data) == before


def test_keeps_the_database_that_it_replaces(site: Site, file: Path, tmp_path: Path) -> None:
    with site.office() as opened:
        later = opened.key(opened.bank("Later"))
    kept = Path(site.cli("restore", str(file), "--yes")["kept"])
    with site.served() as client:
        assert ask(client, later)[0] == 401
    again = site.moved_to(tmp_path / "again", kept.name)
    (again.data / kept.name).rename(again.database)
    with again.served() as client:
        assert ask(client, later)[0] == 200


def test_replaces_a_database_that_nobody_can_open(site: Site, file: Path) -> None:
    text = site.database.read_bytes()
    site.database.write_bytes(b"\xff" * 4096 + text[4096:])
    kept = Path(site.cli("restore", str(file), "--yes")["kept"])
    assert kept.read_bytes()[:4096] == b"\xff" * 4096
    with site.office() as opened:
        is_sound(opened.house.store)


def test_looks_at_a_backup_without_touching_anything(site: Site, file: Path) -> None:
    before = contents(site.data)
    assert site.cli("restore", str(file), "--check")["status"] == "sound"
    assert contents(site.data) == before


def test_sends_users_of_postgresql_to_its_own_tools(site: Site, tmp_path: Path) -> None:
    elsewhere = {
        "OSTIARY_DATABASE_URL": "postgresql://127.0.0.1:1/nothing",
        "OSTIARY_MASTER_KEY_FILE": str(tmp_path / "k"),
    }
    (tmp_path / "k").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert "pg_dump" in site.refused("backup", str(tmp_path / "one"), **elsewhere)
    assert "--in-place" in site.refused("restore", str(tmp_path / "one"), "--yes", **elsewhere)
