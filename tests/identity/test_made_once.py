"""What can be shown again: the same create of a bank or a customer makes one, and shows it as often as it is sent."""

from typing import Any

import pytest

from tests.identity.keys_of_people import KEYS, new_key, program, token_answer, with_token
from tests.people import Cast

VALUE = "8e03978e-40d5-43dd-bc93-6894a57f9324"
BANK = {
    "type": "sandbox",
    "name": "West",
    "features": ["kyc_identity_verifications", "individual_customers"],
    "supported_country_codes": ["US"],
    "supported_fiat_account_assets": ["USD"],
    "supported_trading_symbols": ["BTC-USD"],
}


@pytest.mark.parametrize(("path", "body"), [("/api/banks", BANK), ("/api/customers", {"type": "individual"})])
def test_shows_a_bank_and_a_customer_again_at_once(cast: Cast, path: str, body: dict[str, Any]) -> None:
    alice = program(cast, "Alice", bank_guid=cast.north)
    answers = [alice.post(path, json=body, headers={"Idempotency-Key": VALUE}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["guid"] for answer in answers}) == 1
    other = alice.post(path, json={**body, "type": "business"}, headers={"Idempotency-Key": VALUE})
    assert (other.status_code, other.json()["message_code"]) == (422, "idempotency_key_reused")
    elsewhere = program(cast, "Alice", bank_guid=cast.south)
    assert elsewhere.post(path, json=body, headers={"Idempotency-Key": VALUE}).status_code == 422
    assert alice.post(path, json=body).json()["guid"] != answers[0].json()["guid"]


def test_keeps_the_values_of_keys_apart(cast: Cast) -> None:
    alice = program(cast, "Alice")
    made = set()
    for bank_guid in (cast.north, cast.north, cast.south):
        pair = alice.post(KEYS, json=new_key(bank_guid=bank_guid)).json()
        key = with_token(cast, token_answer(cast, pair["client_id"], pair["secret"])[1]["access_token"])
        for _ in range(2):
            answer = key.post("/api/customers", json={"type": "individual"}, headers={"Idempotency-Key": VALUE})
            made.add((answer.json()["bank_guid"], answer.json()["guid"]))
    assert [bank_guid for bank_guid, _ in sorted(made)] == sorted([cast.north, cast.north, cast.south])
