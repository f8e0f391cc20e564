"""Somebody's ids do not help anybody else, wherever they are put."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest

from tests.infra.http.routes import routes_of
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.nested import failures, id_fields
from tests.matrix.play import name_of
from tests.matrix.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


def shown_to_customers(shop: Shop):
    """Routes that people call about their own things. Staff is let in by its rights: see the matrix."""
    described = {str(route): route for route in routes_of(shop.api)}
    for access in shop.api.routes:
        if access.rule.name != "staff" and name_of(access) in ENTRIES:
            yield access, described[name_of(access)], ENTRIES[name_of(access)]


async def test_s07_ids_of_others_in_path_query_and_body_lead_nowhere(shop: Shop):
    found: list[str] = []
    made: dict[str, int] = {}
    for access, route, entry in shown_to_customers(shop):
        # It looks at who asks and at nothing else.
        if access.path == "/api/v1/auth/api-keys/current":
            continue
        wrong, requests = await failures(shop, access, route, entry)
        found += wrong
        made[name_of(access)] = requests
    assert found == [], "\n" + "\n".join(found)
    # Each kind of place was tried: two ids in a path, an id in a body, words in a query.
    assert made["PATCH /api/v1/carts/{cart_id}/lines/{line_id}"] > 40
    assert made["POST /api/v1/orders"] > 20
    assert made["POST /api/v1/carts/merge"] > 5
    assert made["GET /api/v1/orders"] > 10
    assert made["DELETE /api/v1/auth/sessions/{session_id}"] > 5


class _Line(msgspec.Struct):
    variant_id: UUID
    gift_of: UUID | None = None


class _Body(msgspec.Struct):
    lines: Annotated[list[_Line], msgspec.Meta(max_length=3)]
    address_id: UUID | msgspec.UnsetType = msgspec.UNSET
    others: list[UUID] = []
    note: str = ""


def _places(kind: Any) -> list[str]:
    return [str(place) for place, _ in id_fields(kind)]


async def test_every_field_that_is_an_id_is_found():
    assert _places(_Body) == ["address_id", "others.0", "lines.0.variant_id", "lines.0.gift_of"]
    assert _places(None) == []
