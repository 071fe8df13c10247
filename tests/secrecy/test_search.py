"""The search itself: what is planted is found, in every spelling and every kind of place."""

import base64
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from ostiary.applications.models import ApplicationUsage
from ostiary.clock import now
from ostiary.db.store import Store
from tests.secrecy.search import files, finds, process_pages, rows

WORD = "ost_sandbox_Zm9vYmFyAbCdEfGh+/=planted"


@pytest.mark.parametrize(
    "content",
    [
        WORD.encode(),
        WORD.encode().hex().encode(),
        base64.b64encode(WORD.encode()),
        base64.b64encode(b"ostid_abc:" + WORD.encode()),
        base64.b64encode(b"ostid_abcd:" + WORD.encode() + b"\n"),
        base64.urlsafe_b64encode(b"ostid_abcde:" + WORD.encode()),
        b"client_secret=ost_sandbox_Zm9vYmFyAbCdEfGh%2B%2F%3Dplanted&x=1",
        WORD.encode("utf-16-le"),
    ],
)
def test_finds_a_word_in_every_spelling(content: bytes) -> None:
    assert finds({"secret": WORD}, [("page", b"before " + content + b" after")])


def test_finds_nothing_where_nothing_is() -> None:
    assert finds({"secret": WORD}, [("page", WORD.encode()[:-1])]) == []


def test_finds_a_word_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "ostiary.db-wal").write_bytes(b"\0\1" + WORD.encode())
    assert finds({"secret": WORD}, files(tmp_path)) == ["secret (clear) in deep/ostiary.db-wal"] * 1 + [
        "secret (escaped) in deep/ostiary.db-wal"
    ]


def test_finds_a_word_in_a_row(store: Store) -> None:
    with store.writing() as db:
        db.execute(sa.insert(ApplicationUsage).values(hour=now(), application_guid="", outcome=WORD[-32:], count=1))
    assert finds({"secret": WORD[-32:]}, rows(store))


def test_finds_a_word_on_a_page_of_a_process() -> None:
    assert finds({"a path": os.environ["PATH"]}, process_pages(os.getpid()))
