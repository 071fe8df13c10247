"""Two server processes on one database: what is acknowledged anywhere holds everywhere, from the next request on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.durability.direct import Office, Pair
from tests.durability.installation import Installation, installed
from tests.durability.wire import Caller
from tests.live import free_port, start_server
from tests.postgres import Postgres


@pytest.fixture(scope="module")
def first(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(postgres, tmp_path_factory.mktemp("two")) as made:
        yield made


@pytest.fixture(scope="module")
def both(first: Installation) -> Iterator[list[Caller]]:
    """A caller of each of the two servers."""
    with ExitStack() as stack:
        second = stack.enter_context(start_server(first.live.env, free_port()))
        yield [stack.enter_context(Caller(port)) for port in (first.live.port, second.port)]


@pytest.fixture(scope="module")
def beside(first: Installation) -> Office:
    return first.office


def tokens_from(callers: list[Caller], pair: Pair) -> list[str]:
    """A token from each server, each shown to work on both."""
    tokens = [str(caller.token(pair).body["access_token"]) for caller in callers]
    assert [caller.customers(token).status for caller in callers for token in tokens] == [200] * 4
    return tokens


def refused_everywhere(callers: list[Caller], pair: Pair, tokens: list[str], message: str) -> None:
    for caller in callers:
        for token in tokens:
            answer = caller.customers(token)
            assert (answer.status, answer.message) == (401, message)
        answer = caller.token(pair)
        assert (answer.status, answer.body["error"], answer.message) == (401, "invalid_client", message)


def test_refuses_a_revoked_key_on_both_servers_at_once(
    both: list[Caller], beside: Office, count: Callable[[int, int], int]
) -> None:
    bank = beside.bank()
    for _ in range(count(20, 1000)):
        pair = beside.key(bank)
        tokens = tokens_from(both, pair)
        beside.revoke(pair.client_id)
        refused_everywhere(both, pair, tokens, "Credential revoked")


def test_obeys_the_command_line_on_both_servers_at_once(
    first: Installation, both: list[Caller], beside: Office
) -> None:
    pair = beside.key(beside.bank())
    tokens = tokens_from(both, pair)
    first.live.cli("keys", "revoke", pair.client_id, "--yes")
    refused_everywhere(both, pair, tokens, "Credential revoked")


def test_pauses_and_resumes_a_key_on_both_servers_at_once(
    both: list[Caller], beside: Office, count: Callable[[int, int], int]
) -> None:
    pair = beside.key(beside.bank())
    tokens = tokens_from(both, pair)
    for _ in range(count(10, 200)):
        beside.pause(pair.client_id)
        refused_everywhere(both, pair, tokens, "Credential paused")
        beside.resume(pair.client_id)
        assert [caller.customers(token).status for caller in both for token in tokens] == [200] * 4


def test_obeys_a_new_address_list_on_both_servers_at_once(
    both: list[Caller], beside: Office, count: Callable[[int, int], int]
) -> None:
    pair = beside.key(beside.bank())
    tokens = tokens_from(both, pair)
    for _ in range(count(10, 200)):
        beside.allow(pair.client_id, "192.0.2.0/24")
        answers = [caller.customers(token) for caller in both for token in tokens]
        assert [(answer.status, answer.message) for answer in answers] == [(403, "Forbidden")] * 4
        assert [caller.token(pair).status for caller in both] == [401, 401]
        beside.allow(pair.client_id, "127.0.0.0/8")
        assert [caller.customers(token).status for caller in both for token in tokens] == [200] * 4
