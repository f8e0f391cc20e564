"""A body means what it says: text is no number, and a number is no truth."""

import pytest

from merx.kernel.ids import new_id
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

KEY = {"idempotency-key": "k"}


@pytest.mark.parametrize("amount", ['"2"', "true", "2.5", "null", "[2]", "1e400"])
async def test_text_for_a_number_is_refused_by_name(amount: str):
    shop = new_app()
    total = f'{{"amount": {amount}, "currency": "USD"}}'
    body = f'{{"cart_id": "{new_id()}", "payment_method": "cod", "expected_total": {total}}}'
    client = AsgiClient(staged(shop.settings, shop))
    refused = await client.post(
        "/api/v1/orders", body=body.encode(), headers=KEY | {"content-type": "application/json"}
    )
    assert refused.status == 400
    if amount != "1e400":
        assert [item["field"] for item in refused.json()["errors"]] == ["expected_total.amount"]
