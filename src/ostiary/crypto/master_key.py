"""The master key: 32 bytes from which every other key of the server is derived (RFC 5869)."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ostiary.errors import ConfigurationError
from ostiary.settings import Settings

KEY_BYTES = 32
FILE_NAME = "master.key"


class MasterKey:
    """Hands out keys for one purpose each; does not show itself."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose; another label gives an unrelated key."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"ostiary/{purpose}".encode()).derive(self._key)

    def __repr__(self) -> str:
        return "MasterKey(***)"


def load(settings: Settings, *, make: bool = True) -> MasterKey:
    """The key from its variable, its file, or the data folder, where one is made at first start if `make` says so."""
    if settings.master_key is not None:
        return MasterKey(_decode(settings.master_key.get_secret_value(), "OSTIARY_MASTER_KEY"))
    if settings.master_key_file is not None:
        return MasterKey(_decode(_read(settings.master_key_file), str(settings.master_key_file)))
    if not settings.store_url.startswith("sqlite"):
        raise ConfigurationError(
            "With an external database the master key must come from OSTIARY_MASTER_KEY or OSTIARY_MASTER_KEY_FILE, so "
            "that every node has the same one. Make it once with: openssl rand -base64 32"
        )
    path = settings.data_dir / FILE_NAME
    if not make:
        return MasterKey(_decode(_read(path), str(path)))
    return MasterKey(_from_data_folder(path))


def _from_data_folder(path: Path) -> bytes:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
    except OSError as error:
        raise ConfigurationError(
            f"OSTIARY_DATA_DIR: {path.parent} cannot hold the master key: {error.strerror}"
        ) from error
    return _decode(_read(path), str(path))


def _make(path: Path) -> None:
    # A complete file under another name, then a link that fails if somebody was faster: two first starts agree.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        # What is encrypted under a key that a power cut forgets is lost, so the name is synced as well.
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        draft.unlink()


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"The master key file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        return ""  # which `_decode` refuses, naming the file


def _decode(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # A key of one repeated byte is an example somebody forgot to replace.
    if len(key) != KEY_BYTES or len(set(key)) == 1:
        raise ConfigurationError(
            f"{source} must hold 32 random bytes in base64. Make one with: openssl rand -base64 32"
        )
    return key
