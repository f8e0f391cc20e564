"""Stock and shipping."""

from tests.matrix.entry import Entries, Entry, asks, at, nothing, sends

_INVENTORY = "/api/v1/inventory"
_SHIPPING = "/api/v1/shipping"


def _shipping(kind: str, new: Entry, removable: str = "") -> Entries:
    place, parameter = f"{_SHIPPING}/{kind}s", f"{kind}_id"
    change = {"tiers": [{"price": 2}]} if kind == "rate" else {"name": "Renamed"}
    one = f"{place}/{{{parameter}}}"
    return {
        f"GET {place}": Entry(),
        f"POST {place}": new,
        f"GET {one}": Entry(lambda shop, _: at(**{parameter: shop.catalogue[kind]})),
        f"PATCH {one}": Entry(lambda shop, _: at(change, **{parameter: shop.catalogue[kind]})),
        f"DELETE {one}": Entry(lambda shop, _: at(**{parameter: shop.catalogue[removable or kind]})),
    }


ENTRIES: Entries = {
    f"GET {_INVENTORY}/variants/{{variant_id}}": Entry(
        lambda shop, _: at(variant_id=shop.catalogue["variant"]), right="inventory:read"
    ),
    f"POST {_INVENTORY}/adjustments": Entry(
        lambda shop, _: at({"variant_id": shop.catalogue["variant"], "delta": -1, "reason": "broken"})
    ),
    f"POST {_INVENTORY}/receipts": Entry(lambda shop, _: at({"variant_id": shop.catalogue["variant"], "quantity": 1})),
    f"GET {_INVENTORY}/movements": Entry(),
    f"GET {_INVENTORY}/low-stock": Entry(),
    f"GET {_INVENTORY}/locations": Entry(),
    f"POST {_INVENTORY}/locations": Entry(sends({"code": "EAST", "name": "East"})),
    f"POST {_INVENTORY}/verify": Entry(nothing),
    f"GET {_SHIPPING}/serviceability": Entry(asks(country="US", postal_code="94105")),
    **_shipping("zone", Entry(sends({"name": "New", "countries": ["TV"]})), removable="empty_zone"),
    **_shipping(
        "method",
        Entry(
            lambda shop, _: at(
                {"zone_id": shop.catalogue["zone"], "code": "new", "name": "New", "days_min": 1, "days_max": 2}
            )
        ),
        removable="bare_method",
    ),
    **_shipping(
        "rate",
        Entry(lambda shop, _: at({"method_id": shop.catalogue["method"], "currency": "EUR", "tiers": [{"price": 1}]})),
    ),
}
