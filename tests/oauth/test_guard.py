"""What stands before the routes of the API asks who it is at the last moment before the work."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ostiary import clock
from ostiary.applications.models import Application
from ostiary.customers.models import Customer
from ostiary.web.asgi import Message
from tests.oauth.desk import Desk

PATH = "/api/customers"
BODY = b'{"type": "individual"}'


def revoke(desk: Desk) -> None:
    with desk.store.writing() as db:
        db.execute(sa.update(Application).values(revoked_at=clock.now()))


def status_of(desk: Desk, token: str, meanwhile: Callable[[Desk], None]) -> int:
    """Something happens while the second half of the body is on its way."""
    parts = [BODY[:10], BODY[10:]]
    statuses: list[int] = []

    async def receive() -> Message:
        if len(parts) == 1:
            meanwhile(desk)
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        if "status" in message:
            statuses.append(message["status"])

    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8400),
    }
    desk.runner.run(desk.ostiary(scope, receive, send))
    return statuses[0]


@pytest.mark.parametrize(("meanwhile", "status"), [(lambda _: None, 201), (revoke, 401)], ids=["nothing", "revoked"])
def test_refuses_a_key_that_was_revoked_while_the_body_came(
    desk: Desk, meanwhile: Callable[[Desk], None], status: int
) -> None:
    token = desk.token(desk.north)
    assert status_of(desk, token, meanwhile) == status
    with desk.store.reading() as db:
        assert len(db.scalars(sa.select(Customer.guid)).all()) == (1 if status == 201 else 0)


def test_asks_who_it_is_before_it_says_that_a_body_is_too_large(desk: Desk) -> None:
    headers = [(b"content-type", b"application/json")]
    large = b'{"type": "' + b"x" * 70_000 + b'"}'
    assert desk.request(PATH, headers, method="POST", body=large).status == 401
    token = (b"authorization", f"Bearer {desk.token(desk.north)}".encode())
    assert desk.request(PATH, [*headers, token], method="POST", body=large).status == 413
