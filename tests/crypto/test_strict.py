"""Parsers with one reading only."""

import base64

import pytest

from ostiary.crypto import strict
from ostiary.crypto.strict import DuplicateName


def test_reads_an_object() -> None:
    assert strict.json_object(b'{"a": [1, {"b": null}], "\xc3\xa9": 1.5}') == {"a": [1, {"b": None}], "é": 1.5}


FLAT_OR_NOT = [
    '{"a":"1","b":"2"}',
    '{ "a" : "1" }',
    ' {"a":"1"}',
    '{"a":"1"} ',
    "{}",
    '{"a":"1","a":"2"}',
    '{"a":"1","\\u0061":"2"}',
    '{"a":"\\""}',
    '{"a":"1","b":2}',
    '{"a":1,"a":1}',
    '{"a":{"b":"1","b":"2"}}',
    '{"a":null,"a":"1"}',
    '{"a":"1"}x',
    '"a"',
    "[]",
    '{"a":NaN}',
    '{"a":"\ud800"}',
    '{"a":"\\ud800"}',
    '{"a":"\\ud83d\\ude00"}',
    '{"a":"\\x"}',
    '{"a":"\x01"}',
    '{"a":"\x7f"}',
    '\ufeff{"a":"1"}',
    '\xa0{"a":"1"}',
    '\x0b{"a":"1"}',
    '{"a":"1"/**/}',
    '{"a":"1",}',
]


@pytest.mark.parametrize("text", FLAT_OR_NOT)
def test_reads_flat_objects_as_it_reads_all_others(text: str) -> None:
    raw = text.encode(errors="surrogatepass")
    flat = strict.flat_object(raw)
    assert flat is None or flat == strict.json_object(raw)


def test_reads_what_programs_send_as_flat() -> None:
    assert strict.flat_object('{"a":"1", "é":"2%"}'.encode()) == {"a": "1", "é": "2%"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        '{"a":{"b":1,"b":2}}',
        '{"a":[{"b":1,"b":2}]}',
        '{"":1,"":2}',
    ],
)
def test_refuses_a_member_named_twice_at_any_depth(text: str) -> None:
    with pytest.raises(DuplicateName):
        strict.json_object(text.encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"1",
        b'"a"',
        b"[]",
        b"[{}]",
        b"{",
        b"{}}",
        b"{} {}",
        b"{},",
        b"{'a':1}",
        b"{a:1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":0x1}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":[NaN]}',
        b'{"a":"\n"}',
        b'{"a":"\\x"}',
        b'{"a":1}//',
        b'/**/{"a":1}',
        b'{"a":1}\0',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":"\xed\xa0\x80"}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000,
        b"[" * 100_000,
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_refuses_whatever_is_no_plain_object(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # callers catch just this
        strict.json_object(raw)


def test_reads_base64url_in_its_canonical_spelling() -> None:
    for length in range(100):
        raw = bytes((n * 37 + length) % 256 for n in range(length))
        text = base64.urlsafe_b64encode(raw).rstrip(b"=")
        assert strict.b64url(text) == raw


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AAAAA",
        "AA==",
        "AAA=",
        "AA=",
        "=",
        "====",
        "AB",
        "AAB",
        "Af",
        "A A",
        "AA\n",
        " AA",
        "AA\0",
        "A+A=",
        "+/+/",
        "A/AA",
        "A.AA",
        "A%AA",
        "AAAA\u00e9",
        "AA=A",
        "AA==AA==",
    ],
)
def test_refuses_every_other_spelling_of_base64url(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # callers catch just this
        strict.b64url(text.encode("latin-1"))


def test_reads_no_two_spellings_of_one_byte() -> None:
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/="
    seen: dict[bytes, bytes] = {}
    for first in letters:
        for second in letters:
            text = bytes([first, second])
            try:
                raw = strict.b64url(text)
            except ValueError:
                continue
            assert seen.setdefault(raw, text) == text
    assert len(seen) == 256
