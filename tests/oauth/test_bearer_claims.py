"""Claims that a right signature does not make right: each is refused with a text of its own (RFC 9068 §4)."""

from collections.abc import Mapping

from ostiary.crypto import guids
from tests.oauth.desk import Desk, assert_refused, claims_of, decode, own_token

MISMATCH = "Token no longer matches its key"
TEXTS = ("iss", "aud", "sub", "sub_type", "client_id", "scope", "organization_guid", "jti")
ODD: tuple[object, ...] = (None, 0, 1, True, 1.5, [], ["x"], {}, {"x": "y"}, [[[]]])
LOOKALIKES = (
    "",
    "{0}/",
    "{0}/api",
    " {0}",
    "{0} ",
    "http://127.0.0.1",
    "https://127.0.0.1:8400",
    "HTTP://127.0.0.1:8400",
    "http://127.0.0.1:8401",
    "http://127.0.0.1:8400:8400",
    "http://localhost:8400",
    "http://[::ffff:127.0.0.1]:8400",
    "http://127.0.0.1:8400@evil.example",
    "http://127.0.0.1:8400\0",
    "http://127.0.0.1:\uff18400",
)


def shown(desk: Desk, token: str, changes: Mapping[str, object]) -> str:
    return own_token(desk.ostiary, {**claims_of(token), **changes})


def test_accepts_the_claims_it_signed_whatever_it_does_not_know_beside_them(desk: Desk) -> None:
    token = desk.token(desk.north)
    assert desk.show(shown(desk, token, {})).status == 200
    assert desk.show(shown(desk, token, {"cnf": {}, "act": [1]})).status == 200


def test_refuses_every_spelling_of_its_name_but_one(desk: Desk) -> None:
    token = desk.token(desk.north)
    for lookalike in LOOKALIKES:
        other = lookalike.format(claims_of(token)["iss"])
        assert_refused(desk.show(shown(desk, token, {"aud": other})), "Invalid audience")
        assert_refused(desk.show(shown(desk, token, {"iss": other})), "Invalid issuer")


def test_refuses_claims_of_the_wrong_kind(desk: Desk) -> None:
    token = desk.token(desk.north)
    for claim in TEXTS:
        said = claims_of(token)[claim]
        for odd in (*ODD, [said], [said, "https://other.example"], {"value": said}):
            assert_refused(desk.show(shown(desk, token, {claim: odd})))


def test_refuses_a_token_that_lacks_a_claim(desk: Desk) -> None:
    claims = claims_of(desk.token(desk.north))
    for claim in TEXTS:
        lacking = {name: value for name, value in claims.items() if name != claim}
        assert_refused(desk.show(own_token(desk.ostiary, lacking)))


def test_refuses_a_bank_of_the_wrong_kind(desk: Desk) -> None:
    token = desk.token(desk.north)
    for claim in ("bank_guid", "bank_type"):
        for odd in ODD[1:]:
            assert_refused(desk.show(shown(desk, token, {claim: odd})))
        assert_refused(desk.show(shown(desk, token, {claim: None})), MISMATCH)


def test_refuses_a_token_whose_place_is_not_its_keys(desk: Desk) -> None:
    token = desk.token(desk.north)
    other = guids.new()
    elsewhere: list[dict[str, object]] = [
        {"sub": other},
        {"sub": ""},
        {"sub": desk.acme.organization_guid},
        {"sub_type": "organization"},
        {"sub_type": "operator"},
        {"sub_type": "BANK"},
        {"organization_guid": other},
        {"organization_guid": desk.north.bank_guid},
        {"bank_guid": other},
        {"bank_guid": desk.north.bank_guid.upper()},
        {"sub": other, "bank_guid": other},
        {"bank_type": "production"},
        {"sub": desk.acme.organization_guid, "sub_type": "organization", "bank_guid": None, "bank_type": None},
        {"client_id": desk.acme.client_id},
    ]
    for changes in elsewhere:
        assert_refused(desk.show(shown(desk, token, changes)), MISMATCH)
    for sub in (desk.north.bank_guid, other, ""):
        assert_refused(desk.show(shown(desk, token, {"sub_type": "customer", "sub": sub})), "Customer deleted")


def test_refuses_an_organizations_token_that_claims_a_bank(desk: Desk) -> None:
    token = desk.token(desk.acme)
    bank = {"bank_guid": desk.north.bank_guid, "bank_type": "sandbox"}
    assert_refused(desk.show(shown(desk, token, bank)), MISMATCH)
    assert_refused(desk.show(shown(desk, token, {"sub": desk.north.bank_guid, "sub_type": "bank"} | bank)), MISMATCH)


def test_refuses_a_client_id_that_nobody_has(desk: Desk) -> None:
    token = desk.token(desk.north)
    for client_id in ("ostid_" + "0" * 38, "' OR 1=1 --", "x" * 4000, desk.north.client_id.upper()):
        answer = desk.show(shown(desk, token, {"client_id": client_id.replace(" ", "+")}))
        assert_refused(answer, "Credential revoked")


def test_refuses_names_that_no_database_takes(desk: Desk) -> None:
    token = desk.token(desk.north)
    for text in ("", "\0", "a\0b", "\ud800", "a b", "line\nline", "é", "\uffff"):
        for claim in ("client_id", "jti"):
            assert_refused(desk.show(shown(desk, token, {claim: text})))
    assert desk.show(token).status == 200


def test_grants_nothing_for_a_scope_it_does_not_know(desk: Desk) -> None:
    token = desk.token(desk.north)
    assert desk.show(shown(desk, token, {"scope": "banks:read of:old \0 \ud800"})).status == 200
    for scope in ("", " ", "of:old", "BANKS:READ", "banks:read,customers:read", "banks:re\u0430d", "*"):
        answer = desk.show(shown(desk, token, {"scope": scope}))
        assert (answer.status, answer.json["message_code"]) == (403, "invalid_scopes")


def test_refuses_a_payload_with_two_readings(desk: Desk) -> None:
    payload = decode(desk.token(desk.north).split(".")[1])
    twice = [payload[:-1] + b',"%s":"x"}' % name.encode() for name in TEXTS]
    odd = [
        payload[:-1] + b',"exp":1}',
        payload[:-1] + b',"sub":"x","sub":"x"}',
        payload[:-1] + b',"\\u0073ub":"x"}',
        payload[:-1] + b',"deep":{"a":1,"a":2}}',
        b"[" + payload + b"]",
        b'"text"',
        b"null",
        b"1",
        b"",
        b"\xef\xbb\xbf" + payload,
        payload.decode().encode("utf-16"),
        payload + b"x",
        payload + payload,
        payload[:-1],
        payload[:-1] + b',"x":"\xff"}',
        payload[:-1] + b',"x":' + b"[" * 1500 + b"]" * 1500 + b"}",
        payload[:-1] + b',"x":' + b"9" * 4400 + b"}",
        payload[:-1] + b',"x":NaN}',
        payload[:-1] + b',"x":"' + b"y" * 8192 + b'"}',
        payload[:-1] + b',"x":"' + b"y" * 1_000_000 + b'"}',
    ]
    for text in twice + odd:
        assert_refused(desk.show(own_token(desk.ostiary, text)))
