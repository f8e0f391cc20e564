"""What everybody may see or staff look after, made by staff: one of each kind, and some with nothing in them."""

from collections.abc import Awaitable, Callable
from typing import Any


async def stock_up(call: Callable[..., Awaitable[Any]], settle: Callable[[], Awaitable[None]]) -> dict[str, str]:
    """The ids, by what each one is of. `call` and `settle` are the shop's."""
    category = await call("POST", "/categories", {"name": "Lamps"})
    brand = await call("POST", "/brands", {"name": "Brightly"})
    product = await call(
        "POST",
        "/products",
        {
            "name": "Desk Lamp",
            "category_id": category["id"],
            "brand_id": brand["id"],
            "variants": [{"sku": "LAMP-1", "price": {"amount": 20_00, "currency": "USD"}}],
        },
    )
    await call("POST", f"/products/{product['id']}/publish")
    draft = await call(
        "POST",
        "/products",
        {"name": "Draft Lamp", "variants": [{"sku": "LAMP-2", "price": {"amount": 1, "currency": "USD"}}]},
    )
    variant = product["variants"][0]["id"]
    await settle()
    await call("POST", "/inventory/receipts", {"variant_id": variant, "quantity": 1000})
    empty = await call("POST", "/categories", {"name": "Empty"})
    group = await call("POST", "/users/groups", {"code": "trade", "name": "Trade"})
    zone = await call("POST", "/shipping/zones", {"name": "Nowhere", "countries": ["AQ"]})
    method = await call(
        "POST",
        "/shipping/methods",
        {"zone_id": zone["id"], "code": "sled", "name": "Sled", "days_min": 1, "days_max": 2},
    )
    rate = await call(
        "POST", "/shipping/rates", {"method_id": method["id"], "currency": "USD", "tiers": [{"price": 1}]}
    )
    bare_method = await call(
        "POST",
        "/shipping/methods",
        {"zone_id": zone["id"], "code": "ski", "name": "Ski", "days_min": 1, "days_max": 2},
    )
    free_zone = await call("POST", "/shipping/zones", {"name": "Empty", "countries": ["BV"]})
    key = await call("POST", "/auth/api-keys", {"name": "till", "scopes": ["api-keys:write"]})
    role = await call("POST", "/auth/roles", {"name": "Held", "grants": []})
    free_role = await call("POST", "/auth/roles", {"name": "Free", "grants": []})
    invitation = await call("POST", "/auth/invitations", {"email": "joins@example.com", "roles": [role["id"]]})
    return {
        "category": category["id"],
        "empty_category": empty["id"],
        "brand": brand["id"],
        "product": product["id"],
        "draft": draft["id"],
        "variant": variant,
        "group": group["id"],
        "zone": zone["id"],
        "empty_zone": free_zone["id"],
        "method": method["id"],
        "bare_method": bare_method["id"],
        "rate": rate["id"],
        "api_key": key["api_key"]["id"],
        "role": role["id"],
        "free_role": free_role["id"],
        "invitation": invitation["id"],
    }
