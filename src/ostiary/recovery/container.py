"""The file of a backup: a header that says what it is, and the database, encrypted.

After the header come pieces of 1 MiB under AES-256-GCM, with a key of this file alone. The nonce counts them and says
which one is the last (the STREAM construction: Hoang, Reyhanitabar, Rogaway and Vizár, 2015), and the header goes into
each tag: a file of which anything is changed, moved or missing does not open.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ostiary.crypto.master_key import MasterKey
from ostiary.errors import ConfigurationError

MAGIC = b"OSTIARY BACKUP\n"
FORMAT = 1
PIECE_BYTES = 1 << 20
TAG_BYTES = 16
SALT_BYTES = 32
LENGTH_BYTES = 4
COUNTER_BYTES = 11
MOST_HEADER_BYTES = 1 << 16


@dataclass(frozen=True)
class Header:
    """In clear, and under the same seal as the rest."""

    format: int
    made_at: str
    release: str
    # Of the schema.
    revision: str
    size_bytes: int
    sha256: str
    # Where the revocation journal was; empty where there is none.
    journal: str
    journal_code: str
    salt: str
    # Tells another master key from a damaged file.
    key_code: str


def key_code(master_key: MasterKey, salt: bytes) -> str:
    return hmac.digest(master_key.derive("backup.key_code"), salt, hashlib.sha256).hex()


def write(plain: BinaryIO, target: BinaryIO, header: Header, master_key: MasterKey) -> None:
    """Encrypt all of `plain`, which is not empty; the target is synced when this returns."""
    told = json.dumps(asdict(header)).encode()
    before = MAGIC + len(told).to_bytes(LENGTH_BYTES) + told
    target.write(before)
    cipher = _cipher(master_key, header)
    number, piece = 0, plain.read(PIECE_BYTES)
    while piece:
        following = plain.read(PIECE_BYTES)
        target.write(cipher.encrypt(_nonce(number, is_last=not following), piece, before))
        number, piece = number + 1, following
    target.flush()
    os.fsync(target.fileno())


def read_header(path: Path, master_key: MasterKey) -> Header:
    """Raises ConfigurationError: no backup, of a later release, or made under another master key."""
    with _opened(path) as file:
        return _header(path, file, master_key)[0]


def read(path: Path, master_key: MasterKey) -> Iterator[bytes]:
    """What was encrypted, piece by piece. Raises ConfigurationError as soon as one does not open, or at the end when
    it is not what the header says."""
    with _opened(path) as file:
        header, before = _header(path, file, master_key)
        cipher = _cipher(master_key, header)
        digest = hashlib.sha256()
        number, sealed = 0, file.read(PIECE_BYTES + TAG_BYTES)
        while sealed:
            following = file.read(PIECE_BYTES + TAG_BYTES)
            try:
                piece = cipher.decrypt(_nonce(number, is_last=not following), sealed, before)
            except InvalidTag:
                raise _damaged(path) from None
            digest.update(piece)
            yield piece
            number, sealed = number + 1, following
    if digest.hexdigest() != header.sha256:
        raise _damaged(path)


def _header(path: Path, file: BinaryIO, master_key: MasterKey) -> tuple[Header, bytes]:
    """With the bytes it was read from, and the file left behind it."""
    before = file.read(len(MAGIC) + LENGTH_BYTES)
    length = int.from_bytes(before[len(MAGIC) :])
    if not before.startswith(MAGIC) or not 0 < length <= MOST_HEADER_BYTES:
        raise ConfigurationError(f"{path} is no backup that Ostiary has made")
    told = file.read(length)
    try:
        facts = json.loads(told)
        if facts["format"] > FORMAT:
            raise ConfigurationError(f"{path} is of a later release: restore it with {facts['release']}")
        header = Header(**facts)
        salt = bytes.fromhex(header.salt)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(path) from None
    if not hmac.compare_digest(str(header.key_code).encode(), key_code(master_key, salt).encode()):
        raise ConfigurationError(
            f"{path} was made under another master key, or its beginning is damaged: restore it with the key of the "
            "server that made it"
        )
    return header, before + told


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error


def _cipher(master_key: MasterKey, header: Header) -> AESGCM:
    return AESGCM(master_key.derive(f"backup/{header.salt}"))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(COUNTER_BYTES) + bytes([is_last])


def _damaged(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} is damaged: it is not as it was written. Nothing was changed")
