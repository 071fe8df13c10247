"""What was taken away after the backup stays away; where no journal says what, every key and person is held."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary.db.store import Store
from ostiary.recovery.cut_off import ENDS
from ostiary.users import entry, passwords, queries
from tests.durability.direct import Office, Pair
from tests.people import add_person, open_session
from tests.recovery.site import Site, ask, banks_with, token

Taking = Callable[[Site, Pair, str], None]

PASSWORD = "correct horse battery staple"


def revoked(site: Site, pair: Pair, _bank: str) -> None:
    site.cli("keys", "revoke", pair.client_id, "--yes")


def paused(site: Site, pair: Pair, _bank: str) -> None:
    site.cli("keys", "pause", pair.client_id, "--yes")


def confined(site: Site, pair: Pair, _bank: str) -> None:
    site.cli("keys", "allow", pair.client_id, "192.0.2.0/24")


def bank_closed(site: Site, _pair: Pair, bank: str) -> None:
    site.cli("banks", "close", bank, "--yes")


def promoted(site: Site, _pair: Pair, bank: str) -> None:
    """Its keys have no addresses, so they are refused."""
    site.cli("banks", "promote", bank, "--yes")


@pytest.mark.parametrize("taking", [revoked, paused, confined, bank_closed, promoted])
def test_refuses_what_was_refused(site: Site, backups: Path, taking: Taking) -> None:
    with site.office() as opened:
        bank = opened.bank()
        pair, other = opened.key(bank), opened.key(opened.bank("South", "Globex"))
    file = site.backup(backups)
    with site.served() as client:
        assert ask(client, pair)[0] == 200
    taking(site, pair, bank)
    with site.served() as client:
        assert ask(client, pair)[0] == 401
    told = site.cli("restore", str(file), "--yes")
    assert (told["taken_away_again"], told["held_keys"]) == (1, 0)
    with site.served() as client:
        assert ask(client, pair)[0] == 401
        assert ask(client, other)[0] == 200


def test_refuses_a_thousand_keys_revoked_since(site: Site, backups: Path, count: Callable[[int, int], int]) -> None:
    with site.office() as opened:
        bank = opened.bank()
        pairs = [opened.key(bank) for _ in range(count(40, 1000))]
        file = site.backup(backups)
        gone = pairs[::2]
        for pair in gone:
            opened.revoke(pair.client_id)
    assert site.cli("restore", str(file), "--yes")["taken_away_again"] == len(gone)
    with site.served() as client:
        assert {ask(client, pair)[0] for pair in gone} == {401}
        assert {ask(client, pair)[0] for pair in pairs[1::2]} == {200}


def test_refuses_every_token_from_before(site: Site, backups: Path) -> None:
    with site.office() as opened:
        pair = opened.key(opened.bank())
    with site.served() as client:
        before = token(client, pair)
        file = site.backup(backups)
        after = token(client, pair)
    site.cli("restore", str(file), "--yes")
    with site.served() as client:
        assert [banks_with(client, each)[0] for each in (before, after)] == [401, 401]
        assert banks_with(client, token(client, pair))[0] == 200


def test_tells_a_restore_in_the_trail(site: Site, backups: Path) -> None:
    with site.office() as opened:
        opened.bank()
    made = site.cli("backup", str(backups))
    site.cli("restore", made["file"], "--yes")
    with site.office() as opened, opened.house.store.reading() as db:
        told = db.connection().exec_driver_sql("SELECT facts FROM events WHERE event_type = 'organization.updated'")
        assert made["made_at"] in told.scalar_one()


def test_changes_nothing_when_it_is_restored_twice(site: Site, backups: Path) -> None:
    with site.office() as opened:
        pair, other = opened.key(opened.bank()), opened.key(opened.bank("South", "Globex"))
        file = site.backup(backups)
        opened.revoke(pair.client_id)
    for _ in range(2):
        assert site.cli("restore", str(file), "--yes")["taken_away_again"] == 1
    with site.served() as client:
        assert (ask(client, pair)[0], ask(client, other)[0]) == (401, 200)


def test_holds_everything_without_a_journal(site: Site, backups: Path, tmp_path: Path) -> None:
    with site.office() as opened:
        bank = opened.bank()
        pair, revoked_since = opened.key(bank), opened.key(bank)
        add_person(opened.house.store, "Carol", password=PASSWORD)
        file = site.backup(backups)
        opened.revoke(revoked_since.client_id)
    bare = site.moved_to(tmp_path / "elsewhere")
    told = bare.run("restore", str(file), "--yes", "--json")
    assert told.exit_code == 0
    assert '"held_keys": 2' in told.stdout
    assert '"held_people": 1' in told.stdout
    with bare.served() as client:
        assert [ask(client, each)[1]["error_description"] for each in (pair, revoked_since)] == [
            "Credential paused"
        ] * 2
    bare.cli("keys", "resume", pair.client_id)
    with bare.served() as client:
        assert ask(client, pair)[0] == 200
        assert ask(client, revoked_since)[0] == 401


def test_says_before_it_begins_that_everything_will_be_held(site: Site, backups: Path, tmp_path: Path) -> None:
    site.cli("init", "--organization", "Acme", "--bank", "North")
    file = site.backup(backups)
    bare = site.moved_to(tmp_path / "elsewhere")
    assert "every key will be paused" in bare.refused("restore", str(file))
    assert "every key will be paused" not in site.refused("restore", str(file))


def another(site: Site, backups: Path) -> bytes:
    """A journal that began after the backup."""
    site.journal.unlink()
    site.backup(backups / "later")
    return site.journal.read_bytes()


def changed(site: Site, _backups: Path) -> bytes:
    text = site.journal.read_bytes()
    return text.replace(b"credential.deleted", b"credential.xxxxxxx")


def shortened(site: Site, _backups: Path) -> bytes:
    """To where it was before the backup."""
    return b"".join(site.journal.read_bytes().splitlines(keepends=True)[:1])


@pytest.mark.parametrize("spoiling", [another, changed, shortened])
def test_trusts_no_journal_that_does_not_go_on_from_the_backup(
    site: Site, backups: Path, spoiling: Callable[[Site, Path], bytes]
) -> None:
    with site.office() as opened:
        bank = opened.bank()
        first, pair = opened.key(bank), opened.key(bank)
        opened.revoke(first.client_id)
        file = site.backup(backups / "one")
        opened.revoke(pair.client_id)
    site.journal.write_bytes(spoiling(site, backups))
    assert "journal" in site.refused("restore", str(file), "--yes")
    assert site.cli("restore", str(file), "--yes", "--without-journal")["held_keys"] == 1
    with site.served() as client:
        assert [ask(client, each)[0] for each in (first, pair)] == [401, 401]


def test_takes_a_journal_from_where_it_is_named(site: Site, backups: Path, tmp_path: Path) -> None:
    with site.office() as opened:
        pair = opened.key(opened.bank())
        file = site.backup(backups)
        opened.revoke(pair.client_id)
    bare = site.moved_to(tmp_path / "elsewhere")
    shutil.copy(site.journal, tmp_path / "kept.journal")
    told = bare.cli("restore", str(file), "--yes", "--journal", str(tmp_path / "kept.journal"))
    assert (told["taken_away_again"], told["held_keys"]) == (1, 0)


def test_journals_where_the_settings_say(site: Site, backups: Path, tmp_path: Path) -> None:
    elsewhere = {"OSTIARY_REVOCATION_JOURNAL": str(tmp_path / "other disk.journal")}
    made = site.cli("init", "--organization", "Acme", "--bank", "North", **elsewhere)
    file = site.cli("backup", str(backups), **elsewhere)["file"]
    site.cli("keys", "revoke", made["client_id"], "--yes", **elsewhere)
    assert not site.journal.exists()
    assert site.cli("restore", file, "--yes", **elsewhere)["taken_away_again"] == 1


class People:
    """An organization with two owners, one of whom loses something after the backup."""

    def __init__(self, opened: Office) -> None:
        self.store: Store = opened.house.store
        bank = opened.bank()
        with self.store.reading() as db:
            found = db.connection().exec_driver_sql(f"SELECT organization_guid FROM banks WHERE guid = '{bank}'")  # noqa: S608
            self.organization = str(found.scalar_one())
        self.alice = add_person(self.store, "Alice", self.organization, "owner", password=PASSWORD)
        self.carol = add_person(self.store, "Carol", self.organization, "owner", password=PASSWORD)


def disabled(site: Site, people: People) -> None:
    site.cli("users", "disable", people.carol.email, "--yes")


def demoted(site: Site, people: People) -> None:
    place = ("--organization", people.organization)
    site.cli("users", "update", people.carol.email, "--role", "viewer", *place)


def changed_password(_site: Site, people: People) -> None:
    with people.store.writing() as db:
        user = queries.by_guid(db, people.carol.user_guid)
        assert user is not None
        entry.change_password(db, user, passwords.hashed("another one, and longer"), "")


@pytest.mark.parametrize(
    ("taking", "standing"),
    [
        (disabled, ("owner", True, True)),
        (demoted, ("viewer", False, True)),
        (changed_password, ("owner", False, False)),
    ],
)
def test_takes_from_people_what_was_taken(
    site: Site, backups: Path, taking: Callable[[Site, People], None], standing: tuple[str, bool, bool]
) -> None:
    with site.office() as opened:
        people = People(opened)
        file = site.backup(backups)
        taking(site, people)
    assert site.cli("restore", str(file), "--yes")["taken_away_again"] == 1
    with site.office() as opened, opened.house.store.reading() as db:
        assert standing_of(db, people.carol.email) == standing
        assert standing_of(db, people.alice.email) == ("owner", False, True)


STANDING = """
    SELECT m.role, u.disabled_at IS NOT NULL, u.password_hash IS NOT NULL
    FROM memberships m JOIN users u ON u.guid = m.user_guid WHERE u.email = :email
"""


def standing_of(db: Session, email: str) -> tuple[str, bool, bool]:
    """The role, whether they are disabled, and whether they have a password."""
    role, is_disabled, has_password = db.execute(sa.text(STANDING), {"email": email}).one()
    return role, bool(is_disabled), bool(has_password)


def test_ends_sessions_and_links(site: Site, backups: Path) -> None:
    with site.office() as opened:
        people = People(opened)
        open_session(people.store, people.carol)
        site.cli("users", "reset-password", people.carol.email)
        file = site.backup(backups)
        assert rows(people.store) == {"user_sessions": 1, "one_time_links": 1}
    site.cli("restore", str(file), "--yes")
    with site.office() as opened:
        assert rows(opened.house.store) == {}


def rows(store: Store) -> dict[str, int]:
    """Of everything that lets somebody in without a secret, as far as there is any."""
    with store.reading() as db:
        found = {model.__tablename__: db.scalar(sa.select(sa.func.count()).select_from(model)) or 0 for model in ENDS}
    return {name: number for name, number in found.items() if number}


def test_restores_in_place_what_other_tools_have_put_back(site: Site, tmp_path: Path) -> None:
    with site.office() as opened:
        pair, other = opened.key(opened.bank()), opened.key(opened.bank("South", "Globex"))
    shutil.copy(site.database, tmp_path / "copy.db")
    site.cli("keys", "revoke", pair.client_id, "--yes")
    shutil.copy(tmp_path / "copy.db", site.database)
    with site.served() as client:
        assert ask(client, pair)[0] == 200, "the copy should bring it back to life"
    told = site.cli("restore", "--in-place", "--journal", str(site.journal), "--yes")
    assert told["taken_away_again"] == 1
    with site.served() as client:
        assert (ask(client, pair)[0], ask(client, other)[0]) == (401, 200)
    assert site.cli("restore", "--in-place", "--yes")["held_keys"] == 1
