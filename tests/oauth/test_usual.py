"""The quick reading of the usual token request says what the careful one says, or nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.oauth import token_request
from ostiary.oauth.errors import InvalidRequest
from ostiary.web.asgi import FORM_TYPE, JSON_TYPE

USUAL = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b", "scope": "banks:read"}

names = st.sampled_from([*USUAL, "client_assertion", "other", "Scope"])
values = st.sampled_from([*USUAL.values(), "", None, 1, True, ["a"], {"a": "b"}, 'q"', "\\", "\0", "é", "\ud800"])
pairs = st.lists(st.tuples(names, values), max_size=6) | st.permutations(list(USUAL.items()))
pieces = st.sampled_from(
    [b"", b" ", b"\n", b"\x0b", b",", b"}", b"\xff", b"\xef\xbb\xbf", b'"', b"\\u0063", b"null", b"//x\n"]
)


def written(members: list[tuple[str, object]], *, ascii_only: bool) -> bytes:
    text = ", ".join(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=ascii_only)}" for name, value in members)
    return f"{{{text}}}".encode(errors="surrogatepass")


@given(pairs, st.booleans(), pieces, st.data())
def test_says_the_same_or_nothing(
    members: list[tuple[str, object]], ascii_only: bool, piece: bytes, data: st.DataObject
) -> None:
    whole = written(members, ascii_only=ascii_only)
    place = data.draw(st.integers(0, len(whole)))
    body = whole[:place] + piece + whole[place:]
    found = token_request.usual(JSON_TYPE, body)
    if found is None:
        return
    read = token_request.parameters(JSON_TYPE, body)
    said = {name: getattr(found, name) for name in USUAL if getattr(found, name) is not None}
    assert read == said


@pytest.mark.parametrize("missing", [None, "scope"])
def test_reads_what_nearly_everybody_sends(missing: str | None) -> None:
    sent = {name: value for name, value in USUAL.items() if name != missing}
    found = token_request.usual(JSON_TYPE, json.dumps(sent).encode())
    assert found is not None
    assert found.scope == sent.get("scope")


def test_leaves_everything_else_to_the_careful_one() -> None:
    body = json.dumps(USUAL).encode()
    assert token_request.usual(FORM_TYPE, body) is None
    too_large = body + b" " * token_request.LIMIT_BYTES
    assert token_request.usual(JSON_TYPE, too_large) is None
    with pytest.raises(InvalidRequest):
        token_request.parameters(JSON_TYPE, too_large)
