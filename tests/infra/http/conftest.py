"""A client of the small application, and what many tests send to it and look for in its answers."""

from collections.abc import AsyncIterator

import pytest

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.toy import MEMORY, Toys
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import staged

PLACE = {
    "name": "a",
    "lines": [{"variant_id": str(new_id()), "quantity": 1}],
    "total": {"amount": 1, "currency": "USD"},
}
KEY = {"idempotency-key": "12345678"}


@pytest.fixture
def toys() -> Toys:
    return Toys(MEMORY)


@pytest.fixture
async def client(toys: Toys) -> AsyncIterator[AsgiClient]:
    async with AsgiClient(staged(MEMORY, toys)) as client:
        yield client


def bearer(toys: Toys, kind: ActorKind = ActorKind.staff, *permissions: str) -> dict[str, str]:
    return {"authorization": f"Bearer {toys.tokens.issue(new_id(), kind, permissions)}"}


def refused(answer: Answer, status: int, slug: str) -> None:
    assert (answer.status, answer.slug) == (status, slug), answer
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.header("x-request-id")
