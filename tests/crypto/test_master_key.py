"""The master key: where it comes from, who may read it, and what is refused."""

import base64
import hashlib
import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from ostiary.crypto import master_key
from ostiary.crypto.master_key import MasterKey, load
from ostiary.errors import ConfigurationError
from ostiary.house import House
from ostiary.settings import Settings
from tests.apps import app_on

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()
MALFORMED = {
    "empty": "",
    "blank": " ",
    "31 bytes": base64.b64encode(KEY[:31]).decode(),
    "33 bytes": base64.b64encode(KEY + b"x").decode(),
    "unpadded": TEXT.rstrip("="),
    "base64url": base64.urlsafe_b64encode(b"\xff\xfe" * 16).decode(),
    "hex": KEY.hex(),
    "one repeated byte": base64.b64encode(bytes(32)).decode(),
    "an example": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    "words": "correct horse battery staple",
    "not ASCII": "é" * 44,
    "blank inside": TEXT[:20] + " " + TEXT[20:],
}


def at_home(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def derived(key: MasterKey) -> bytes:
    return key.derive("test")


def test_derives_keys_by_hkdf_with_a_label_each() -> None:
    # RFC 5869 by hand: extract with a salt of zeros, expand once.
    extracted = hmac.digest(bytes(32), KEY, hashlib.sha256)
    expanded = hmac.digest(extracted, b"ostiary/test" + b"\x01", hashlib.sha256)
    assert MasterKey(KEY).derive("test") == expanded
    assert len({MasterKey(KEY).derive(label) for label in ("test", "Test", "test/1", "")}) == 4


def test_never_shows_itself() -> None:
    shown = f"{MasterKey(KEY)!r} {MasterKey(KEY)!s}"
    assert shown == "MasterKey(***) MasterKey(***)"


def test_reads_the_key_from_its_variable_or_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{TEXT}\n")
    by_variable = load(Settings(data_dir=tmp_path, master_key=SecretStr(TEXT)))
    by_file = load(Settings(data_dir=tmp_path, master_key_file=file))
    assert derived(by_variable) == derived(by_file) == derived(MasterKey(KEY))
    assert not (tmp_path / master_key.FILE_NAME).exists()


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_a_malformed_key_and_says_how_to_make_one(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"OSTIARY_MASTER_KEY must hold 32 random bytes.*openssl") as refusal:
        load(Settings(data_dir=tmp_path, master_key=SecretStr(text)))
    assert not text.strip() or text not in str(refusal.value)
    file = tmp_path / "key"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=f"{file} must hold 32 random bytes"):
        load(Settings(data_dir=tmp_path, master_key_file=file))


@pytest.mark.parametrize("raw", [b"\xc0" * 33, b"\xff\xfe", bytes(32)], ids=["too long", "two bytes", "zeros"])
def test_refuses_a_file_of_raw_bytes(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(raw)
    with pytest.raises(ConfigurationError, match="must hold 32 random bytes"):
        load(Settings(data_dir=tmp_path, master_key_file=file))


def test_names_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ConfigurationError, match=f"{path} cannot be read"):
            load(Settings(data_dir=tmp_path, master_key_file=path))


def test_makes_a_key_at_first_start_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = load(at_home(tmp_path))
    finally:
        os.umask(before)
    file = tmp_path / "data" / master_key.FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(base64.b64decode(file.read_text())) == 32
    assert derived(load(at_home(tmp_path))) == derived(made)
    assert [path.name for path in file.parent.iterdir()] == [master_key.FILE_NAME]


def test_makes_another_key_for_another_installation(tmp_path: Path) -> None:
    assert derived(load(at_home(tmp_path / "one"))) != derived(load(at_home(tmp_path / "two")))


def test_agrees_on_one_key_when_many_start_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: derived(load(at_home(tmp_path))), range(32)))
    assert len(set(made)) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == [master_key.FILE_NAME]


def test_never_replaces_a_damaged_key(tmp_path: Path) -> None:
    file = tmp_path / "data" / master_key.FILE_NAME
    file.parent.mkdir()
    file.write_text("damaged")
    with pytest.raises(ConfigurationError, match="must hold 32 random bytes"):
        load(at_home(tmp_path))
    assert file.read_text() == "damaged"


def test_makes_no_key_beside_an_external_database(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=SecretStr("postgresql://db.example/ostiary"))
    with pytest.raises(ConfigurationError, match="OSTIARY_MASTER_KEY or OSTIARY_MASTER_KEY_FILE"):
        load(settings)
    assert not (tmp_path / "data").exists()


def test_starts_with_no_other_key_than_the_databases_own(settings: Settings) -> None:
    with app_on(settings):
        pass
    other = settings.model_copy(update={"master_key": SecretStr(base64.b64encode(bytes(range(1, 33))).decode())})
    house = House(other)
    with pytest.raises(ConfigurationError, match="start with the key the database was made with"):
        house.prepare()
    house.store.close()
    with app_on(settings):
        pass
