"""What the generated requests get from the shop: its ids, its tokens, and bodies that succeed once.

Three of four sound requests are made to mean something. The rest is sent as it was generated, and so is what is wrong
on purpose, but for the ids in the path.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from tests.schema.stock import PASSWORD, Person, Stock

Recipe = Callable[[Stock, Case], None]
_NAMED_BY_FIELD = {"category_id", "brand_id", "parent_id", "variant_id", "zone_id", "method_id", "location_id"} | {
    "group_id",
    "address_id",
    "cart_id",
    "payment_id",
}


class Requests:
    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._sent = count()

    def prepare(self, case: Case) -> None:
        meta = case.meta
        if meta is None or self._is_probe(case):
            return
        if next(self._sent) % 4 == 3:
            _open(self._stock, case)
            return
        if not meta.is_negative_at(ParameterLocation.PATH):
            self._name_in_path(case)
        if not meta.is_negative_at(ParameterLocation.HEADER):
            self._refresh_headers(case)
        if meta.generation.mode.is_positive:
            self._make_sound(case)
        _open(self._stock, case)

    def _make_sound(self, case: Case) -> None:
        if isinstance(case.body, dict):
            case.body = _named(self._stock, case.body)
        recipe = RECIPES.get(str(case.operation.definition.raw.get("operationId")))
        if recipe is not None:
            recipe(self._stock, case)

    def _refresh_headers(self, case: Case) -> None:
        # A version that was made up is stale, and a key that was sent before belongs to another body.
        headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "if-match"}
        if any(name.lower() == "idempotency-key" for name in headers):
            headers = {name: value for name, value in headers.items() if name.lower() != "idempotency-key"}
            headers["Idempotency-Key"] = self._stock.name("schema-test-key")
        case.headers = headers

    def _is_probe(self, case: Case) -> bool:
        """Sent by a check without a token, or with a false one."""
        if case.operation.definition.raw["x-access"] in ("public", "guest_or_owner"):
            return False
        sent = {name.lower(): value for name, value in (case.headers or {}).items()}
        tokens = (self._stock.owner.token, self._stock.customer.token)
        return sent.get("authorization") not in [f"Bearer {token}" for token in tokens]

    def _name_in_path(self, case: Case) -> None:
        stock = self._stock
        path = dict(case.path_parameters or {})
        for name in path:
            if name in stock.ids:
                path[name] = stock.next_of(stock.ids[name])
            elif name == "id_or_slug":
                path[name] = stock.next_of(stock.slugs[case.path.split("/")[3]])
        case.path_parameters = path


def _named(stock: Stock, body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: stock.next_of(stock.ids[name])
        if name in _NAMED_BY_FIELD and isinstance(value, str)
        else _named(stock, value)
        if isinstance(value, dict)
        else value
        for name, value in body.items()
    }


def _open(stock: Stock, case: Case) -> None:
    """The token of the guest's cart or order that is asked for."""
    path = case.path_parameters or {}
    headers = dict(case.headers or {})
    if (token := stock.cart_tokens.get(str(path.get("cart_id")))) is not None:
        headers["X-Cart-Token"] = token
    if (token := stock.order_tokens.get(str(path.get("order_id")))) is not None:
        headers["X-Order-Token"] = token
    case.headers = headers


def _as(person: Person, case: Case) -> None:
    case.headers = dict(case.headers or {}) | {"Authorization": f"Bearer {person.token}"}


def _place(stock: Stock, case: Case) -> None:
    if stock.ready:
        case.body, token = stock.checkout()
        case.headers = dict(case.headers or {}) | {"X-Cart-Token": token}


def _as_program(stock: Stock, case: Case) -> None:
    case.headers = dict(case.headers or {}) | {"Authorization": f"Bearer {stock.program}"}


def _login(stock: Stock, case: Case) -> None:
    case.body = {"email": stock.next_of(stock.spare).email, "password": PASSWORD}


def _with_refresh_token(stock: Stock, case: Case) -> None:
    if stock.refresh_tokens:
        case.body = {"refresh_token": stock.refresh_tokens.popleft()}


def _with_code(purpose: str) -> Recipe:
    def recipe(stock: Stock, case: Case) -> None:
        if stock.codes[purpose]:
            case.body = dict(case.body) | {"code": stock.codes[purpose].popleft()}

    return recipe


def _change_password(stock: Stock, case: Case) -> None:
    if stock.spare:
        _as(stock.spare.popleft(), case)
        case.body = dict(case.body) | {"present_password": PASSWORD}


def _change_email(stock: Stock, case: Case) -> None:
    _as(stock.next_of(stock.spare), case)
    case.body = {"email": f"{stock.name('moved')}@example.com", "password": PASSWORD}


def _confirm_email(stock: Stock, case: Case) -> None:
    if stock.moves:
        person, code = stock.moves.popleft()
        _as(person, case)
        case.body = {"code": code}


def _line(stock: Stock, case: Case) -> None:
    cart_id, line_id = stock.next_of(stock.lines)
    case.path_parameters = {"cart_id": cart_id, "line_id": line_id}


def _last_line(stock: Stock, case: Case) -> None:
    if len(stock.lines) > 5:
        _line(stock, case)
        stock.lines.pop()


def _shipping(stock: Stock, case: Case) -> None:
    case.body = {"method_id": stock.next_of(stock.offered)}


def _merge(stock: Stock, case: Case) -> None:
    if stock.ready:
        body, token = stock.checkout()
        case.body = {"cart_id": body["cart_id"]}
        case.headers = dict(case.headers or {}) | {"X-Cart-Token": token}


def _unsent(stock: Stock, case: Case) -> None:
    if stock.unsent:
        case.path_parameters = {"order_id": stock.unsent.popleft()}


def _ship(stock: Stock, case: Case) -> None:
    _unsent(stock, case)
    case.body = {name: value for name, value in dict(case.body).items() if name != "lines"}


def _deliver(stock: Stock, case: Case) -> None:
    if stock.parcels:
        order_id, shipment_id = stock.parcels.popleft()
        case.path_parameters = {"order_id": order_id, "shipment_id": shipment_id}


def _collect(stock: Stock, case: Case) -> None:
    if stock.payments:
        case.body = stock.payments.popleft()


def _end_session(stock: Stock, case: Case) -> None:
    if stock.sessions:
        case.path_parameters = {"session_id": stock.sessions.popleft()}


def _last_of(name: str) -> Recipe:
    """The thing is used up: the next request asks for another one."""

    def recipe(stock: Stock, case: Case) -> None:
        pool = stock.ids[name]
        if len(pool) > 5:
            case.path_parameters = dict(case.path_parameters or {}) | {name: pool.popleft()}

    return recipe


def _address(stock: Stock, case: Case) -> None:
    body = case.body
    if isinstance(body, dict) and "address" in body:
        case.body = body | {"address": stock.address}


def _to_the_root(stock: Stock, case: Case) -> None:
    case.body = {"parent_id": None}


def _scopes(stock: Stock, case: Case) -> None:
    case.body = dict(case.body) | {"scopes": ["orders:read"], "networks": []}


def _rate(stock: Stock, case: Case) -> None:
    if stock.methods_without_rate:
        method_id = stock.methods_without_rate.popleft()
        case.body = {"method_id": method_id, "currency": "USD", "tiers": [{"price": 500}]}


def _method_without_rate(stock: Stock, case: Case) -> None:
    if stock.methods_without_rate:
        case.path_parameters = {"method_id": stock.methods_without_rate.pop()}


def _clerk(stock: Stock, case: Case) -> None:
    """Not the owner of the shop, who would lock themselves out."""
    case.path_parameters = {"account_id": stock.next_of(stock.clerks)}


def _clerk_without_roles(stock: Stock, case: Case) -> None:
    _clerk(stock, case)
    case.body = {name: value for name, value in dict(case.body).items() if name != "roles"}


RECIPES: dict[str, Recipe] = {
    "CancelOrder": _unsent,
    "ChangeCartLine": _line,
    "ChangeEmail": _change_email,
    "ChangeMyAddress": _address,
    "ChangePassword": _change_password,
    "ChooseCartShipping": _shipping,
    "ChangeStaff": _clerk_without_roles,
    "CollectCash": _collect,
    "ConfirmEmail": _confirm_email,
    "CreateShippingRate": _rate,
    "DeliverShipment": _deliver,
    "DisableStaff": _clerk,
    "EnableStaff": _clerk,
    "EndSession": _end_session,
    "GetOwnApiKey": _as_program,
    "GetStaff": _clerk,
    "Login": _login,
    "Logout": _with_refresh_token,
    "MakeApiKey": _scopes,
    "MergeCarts": _merge,
    "MoveCategory": _to_the_root,
    "PlaceOrder": _place,
    "Refresh": _with_refresh_token,
    "RemoveCartLine": _last_line,
    "RemoveCategory": _last_of("category_id"),
    "RemoveCustomerGroup": _last_of("group_id"),
    "RemoveMyAddress": _last_of("address_id"),
    "RemoveShippingMethod": _method_without_rate,
    "RemoveShippingRate": _last_of("rate_id"),
    "RemoveShippingZone": _last_of("zone_id"),
    "ResetPassword": _with_code("reset-password"),
    "RevokeApiKey": _last_of("key_id"),
    "RotateApiKey": _last_of("key_id"),
    "SaveMyAddress": _address,
    "SetCartAddress": _address,
    "ShipOrder": _ship,
    "VerifyEmail": _with_code("verify-email"),
}
