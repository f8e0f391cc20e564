"""A request keeps the id that it comes with, when that id is harmless."""

import pytest

from merx.infra.http.request_ids import given_id
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

TRACE, PARENT = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({}, None),
        ({b"x-request-id": b"front-0017"}, b"front-0017"),
        ({b"x-request-id": b"short"}, None),
        ({b"x-request-id": b"with a blank"}, None),
        ({b"traceparent": b"00-%b-%b-01" % (TRACE, PARENT)}, TRACE),
        ({b"x-request-id": b"front-0017", b"traceparent": b"00-%b-%b-01" % (TRACE, PARENT)}, b"front-0017"),
        ({b"x-request-id": b"bad id", b"traceparent": b"00-%b-%b-00" % (TRACE, PARENT)}, TRACE),
        ({b"traceparent": b"01-%b-%b-01-what-is-new" % (TRACE, PARENT)}, TRACE),
        ({b"traceparent": b"ff-%b-%b-01" % (TRACE, PARENT)}, None),
        ({b"traceparent": b"00-%b-%b-01" % (b"0" * 32, PARENT)}, None),
        ({b"traceparent": b"00-%b-%b-01" % (TRACE, b"0" * 16)}, None),
        ({b"traceparent": b"00-%b-%b-01" % (TRACE.upper(), PARENT)}, None),
        ({b"traceparent": b"00-%b-%b" % (TRACE, PARENT)}, None),
        ({b"traceparent": b"00-%b-%b-01\n" % (TRACE, PARENT)}, None),
    ],
)
def test_whose_id_it_is(headers: dict[bytes, bytes], named: bytes | None) -> None:
    assert given_id(headers) == named


async def test_the_trace_of_a_caller_is_in_the_answer_and_in_the_trail() -> None:
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    token = app.infra.access_tokens().issue(new_id(), ActorKind.staff, ["*"])
    sent = {"authorization": f"Bearer {token}", "traceparent": f"00-{TRACE.decode()}-{PARENT.decode()}-01"}
    made = await client.post("/api/v1/brands", json={"name": "Acme"}, headers=sent)
    assert (made.status, made.header("x-request-id")) == (201, TRACE.decode())
    found = (await client.get(f"/api/v1/audit?request_id={TRACE.decode()}", headers=sent)).json()["items"]
    assert [entry["action"] for entry in found] == ["catalog.brand-created"]
    refused = await client.get("/api/v1/carts/current", headers={"traceparent": sent["traceparent"]})
    assert (refused.status, refused.json()["request_id"]) == (401, TRACE.decode())
