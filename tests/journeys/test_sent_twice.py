"""The same request with the same Idempotency-Key: one effect, one answer."""

import asyncio

import pytest

from merx.bootstrap.api import Api
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.http.once import settle_once
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.journeys.conftest import BASE, World
from tests.journeys.test_first_order import ADDRESS
from tests.support.apps import new_app
from tests.support.stage import staged

RECEIPTS = "/inventory/receipts"
PASSPHRASE = "a long passphrase"
# Signing in and out: tokens are not kept with answers, a refresh may be sent again by itself, and to be out is a state.
# VerifyStock only reads.
# What carries a password or answers with a secret must not lie beside a key for a day.
NO_KEY = {"Login", "Logout", "LogoutAll", "Refresh", "Register", "ResetPassword", "ChangePassword", "ChangeEmail"}
NO_KEY |= {"AcceptInvitation", "AskForErasure", "ImpersonateUser", "MakeApiKey", "RotateApiKey", "VerifyStock"}
NO_KEY |= {"AnswerMfaChallenge", "ConfirmTotp", "EnrolTotp", "MakeRecoveryCodes", "AskToStepUp", "StepUp"}
NO_KEY |= {"AskForPasskey", "LoginWithPasskey", "AskForNewPasskey", "RegisterPasskey"}
# Codes that are good once by themselves, and an answer that holds an address with a state.
NO_KEY |= {"CollectSignIn", "CollectIdentityLink", "StartIdentityLink"}


async def _receipt(world: World, quantity: int = 7) -> dict[str, object]:
    product = (await world.get("/products")).json()["items"][0]
    variants = (await world.get(f"/products/{product['slug']}/variants")).json()
    return {"variant_id": variants[0]["id"], "quantity": quantity}


async def _on_hand(world: World, receipt: dict[str, object]) -> int:
    stock = await world.get(f"/inventory/variants/{receipt['variant_id']}", world.staff())
    return int(stock.json()["on_hand"])


async def test_stock_is_added_once(world: World):
    staff, receipt = world.staff(), await _receipt(world)
    first = await world.post(RECEIPTS, receipt, staff | {"idempotency-key": "a"})
    again = await world.post(RECEIPTS, receipt, staff | {"idempotency-key": "a"})
    assert (first.status, first.header("idempotency-replayed")) == (201, None)
    assert (again.status, again.header("idempotency-replayed")) == (201, "true")
    assert (again.body, await _on_hand(world, receipt)) == (first.body, 12)

    other = await world.post(RECEIPTS, receipt | {"quantity": 8}, staff | {"idempotency-key": "a"})
    assert (other.status, other.slug) == (422, "idempotency.key-reused")
    assert await _on_hand(world, receipt) == 12
    # Another key, another caller, no key at all: another receipt.
    for headers in (staff | {"idempotency-key": "b"}, world.staff() | {"idempotency-key": "a"}, staff):
        answer = await world.post(RECEIPTS, receipt, headers)
        assert (answer.status, answer.header("idempotency-replayed")) == (201, None)
    assert await _on_hand(world, receipt) == 33


async def test_a_program_may_send_again_with_the_key_that_replaced_its_own(world: World):
    ensure = world.app.contexts.identity.ensure_account()
    olga = await ensure("olga@example.com", "Olga", AccountKind.staff, ("*",), PASSPHRASE)
    keys, staff, receipt = "/auth/api-keys", world.staff(account_id=olga), await _receipt(world)
    scopes = {"name": "till", "scopes": ["inventory:write"]}
    made, stranger = [(await world.post(keys, scopes, staff)).json() for _ in range(2)]
    texts = [made["key"]]
    for _ in range(2):
        made = (await world.post(f"{keys}/{made['api_key']['id']}/rotate", {}, staff)).json()
        texts.append(made["key"])
    headers = [{"authorization": f"Bearer {text}", "idempotency-key": "a"} for text in (*texts, stranger["key"])]
    answers = [await world.post(RECEIPTS, receipt, each) for each in headers]
    assert [answer.status for answer in answers] == [201] * 4
    assert [answer.header("idempotency-replayed") for answer in answers] == [None, "true", "true", None]
    assert await _on_hand(world, receipt) == 5 + 7 + 7


async def _ready(world: World, who: dict[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    """A checkout, and the headers that it goes with."""
    product = (await world.get("/products")).json()["items"][0]
    variants = (await world.get(f"/products/{product['slug']}/variants")).json()
    cart = (await world.post("/carts", {}, who)).json()
    headers, here = who | {"idempotency-key": "a"}, f"/carts/{cart['id']}"
    if cart.get("token") is not None:
        headers["x-cart-token"] = cart["token"]
    await world.post(f"{here}/lines", {"variant_id": variants[0]["id"], "quantity": 1}, headers)
    await world.put(f"{here}/address", {"email": "ada@example.com", "address": ADDRESS}, headers)
    method = (await world.get(f"{here}/shipping-options", headers)).json()["items"][0]["method_id"]
    cart = (await world.put(f"{here}/shipping", {"method_id": method}, headers)).json()
    return {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}, headers


async def test_a_checkout_may_be_sent_again_with_the_key_that_replaced_its_own(world: World):
    ensure = world.app.contexts.identity.ensure_account()
    olga = await ensure("olga@example.com", "Olga", AccountKind.staff, ("*",), PASSPHRASE)
    keys, staff = "/auth/api-keys", world.staff(account_id=olga)
    made = (await world.post(keys, {"name": "till", "scopes": ["orders:write"]}, staff)).json()
    new = (await world.post(f"{keys}/{made['api_key']['id']}/rotate", {}, staff)).json()
    body, headers = await _ready(world, {"authorization": f"Bearer {made['key']}"})
    successor = {"authorization": f"Bearer {new['key']}"}
    answers = [await world.post("/orders", body, headers | more) for more in ({}, {}, successor)]
    assert [answer.status for answer in answers] == [201] * 3
    assert [answer.header("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert len({answer.body for answer in answers}) == 1
    other, with_token = await _ready(world, successor)
    again = await world.post("/orders", other, with_token)
    assert (again.status, again.slug) == (422, "idempotency.key-reused")


async def test_whoever_acts_in_the_place_of_a_customer_gets_no_answer_of_hers(world: World):
    ensure, tokens = world.app.contexts.identity.ensure_account(), world.app.infra.access_tokens()
    casey = await ensure("casey@example.com", "Casey", AccountKind.customer, (), PASSPHRASE)
    sam = await ensure("sam@example.com", "Sam", AccountKind.staff, ("users:impersonate",), PASSPHRASE)
    own = {"authorization": "Bearer " + tokens.issue(casey, ActorKind.customer)}
    in_her_place = {"authorization": "Bearer " + tokens.issue(casey, ActorKind.customer, impersonator=sam)}
    body, headers = await _ready(world, own)
    first = await world.post("/orders", body, headers | in_her_place)
    hers = await world.post("/orders", body, headers)
    # The cart is that order by now, whoever asks: not the answer that was kept for somebody else.
    assert (first.status, hers.status) == (201, 200)


async def test_the_same_key_with_another_precondition_is_another_request(world: World):
    staff = world.staff()
    product = (await world.get("/products")).json()["items"][0]
    path = f"/products/{product['id']}/archive"
    stale = staff | {"idempotency-key": "a", "if-match": '"999"'}
    assert (await world.post(path, None, stale)).status == 412
    headers = staff | {"idempotency-key": "b"}
    first = await world.post(path, None, headers)
    assert first.status == 200
    again = await world.post(path, None, headers)
    assert (again.body, again.header("idempotency-replayed")) == (first.body, "true")
    other = await world.post(path, None, headers | {"if-match": '"999"'})
    assert (other.status, other.slug) == (422, "idempotency.key-reused")


async def test_at_the_same_time(world: World):
    headers, receipt = world.staff() | {"idempotency-key": "a"}, await _receipt(world)
    answers = await asyncio.gather(*(world.post(RECEIPTS, receipt, headers) for _ in range(8)))
    assert {answer.status for answer in answers} <= {201, 409}
    refused = [answer for answer in answers if answer.status == 409]
    assert {(answer.slug, answer.header("retry-after")) for answer in refused} <= {("idempotency.in-progress", "1")}
    assert (
        len([answer for answer in answers if answer.status == 201 and not answer.header("idempotency-replayed")]) == 1
    )
    assert await _on_hand(world, receipt) == 12


async def test_what_was_refused_may_be_tried_again(world: World):
    headers, receipt = world.staff() | {"idempotency-key": "a"}, await _receipt(world)
    body = {"variant_id": receipt["variant_id"], "delta": -6, "reason": "broken"}
    assert (await world.post("/inventory/adjustments", body, headers)).status == 409
    await world.post(RECEIPTS, receipt, world.staff())
    assert (await world.post("/inventory/adjustments", body, headers)).status == 201
    assert await _on_hand(world, receipt) == 6
    # The permission is asked for first, also when there is an answer to repeat.
    assert (await world.post("/inventory/adjustments", body, {"idempotency-key": "a"})).status == 401


async def test_a_key_belongs_to_its_route(world: World):
    staff = world.staff() | {"idempotency-key": "a"}
    made = await world.post("/brands", {"name": "Acme"}, staff)
    again = await world.post("/brands", {"name": "Acme"}, staff)
    assert (made.status, made.header("etag"), again.header("etag")) == (201, '"v1"', '"v1"')
    assert (again.json()["id"], again.header("idempotency-replayed")) == (made.json()["id"], "true")
    category = await world.post("/categories", {"name": "Acme"}, staff)
    assert (category.status, category.header("idempotency-replayed")) == (201, None)


async def test_a_key_belongs_to_what_the_path_names(world: World):
    staff = world.staff() | {"idempotency-key": "a"}
    products = (await world.get("/products")).json()["items"][:2]
    answers = [await world.post(f"/products/{product['id']}/archive", None, staff) for product in products]
    assert [(answer.status, answer.header("idempotency-replayed")) for answer in answers] == [(200, None)] * 2
    assert [answer.json()["id"] for answer in answers] == [product["id"] for product in products]


async def test_a_status_is_set_once(world: World):
    """Without a key the second `restore` is refused, and one that names its version meets its own change."""
    staff = world.staff()
    product = (await world.get("/products")).json()["items"][0]
    here = f"/products/{product['id']}"
    for step in ("archive", "restore", "publish"):
        tag = (await world.get(f"{here}/edit", staff)).header("etag")
        headers = staff | {"idempotency-key": step, "if-match": str(tag)}
        first, again = await world.post(f"{here}/{step}", {}, headers), await world.post(f"{here}/{step}", {}, headers)
        assert (first.status, again.status, again.header("idempotency-replayed")) == (200, 200, "true")
        assert (again.body, again.header("etag")) == (first.body, first.header("etag"))
    asked = [await world.post("/search/reindex", {}, staff | {"idempotency-key": "r"}) for _ in range(2)]
    assert [(answer.status, answer.header("idempotency-replayed")) for answer in asked] == [(202, None), (202, "true")]


async def test_a_guest_s_cart(world: World):
    key = {"idempotency-key": str(new_id())}
    first, again = await world.post("/carts", {}, key), await world.post("/carts", {}, key)
    assert first.json() == again.json()
    assert (first.status, again.status, again.header("idempotency-replayed")) == (201, 201, "true")
    other = await world.post("/carts", {}, {"idempotency-key": str(new_id())})
    assert other.json()["id"] != first.json()["id"]
    # Nobody can be told apart from another guest by a key that both may think of, nor by a token that nobody looks at.
    for headers in ({}, {"x-cart-token": "undefined"}):
        weak = await world.post("/carts", {}, headers | {"idempotency-key": "1"})
        assert (weak.status, weak.slug) == (400, "idempotency.key-invalid")
        long = headers | {"idempotency-key": "the-cart-of-the-day"}
        ids = {
            (await world.from_address(address).post(f"{BASE}/carts", json={}, headers=long)).json()["id"]
            for address in ("192.0.2.1", "192.0.2.2")
        }
        assert len(ids) == 2


@pytest.fixture
def api() -> Api:
    settings = Settings(storage="memory")
    return staged(settings, new_app(settings))


def test_the_document_tells_which_routes_take_a_key(api: Api):
    without, required = set(), set()
    for item in api.openapi()["paths"].values():
        if operation := item.get("post"):
            found = [each for each in operation.get("parameters", []) if each["name"].lower() == "idempotency-key"]
            assert len(found) < 2
            if not found:
                without.add(operation["operationId"])
            elif found[0]["required"]:
                required.add(operation["operationId"])
    assert without == NO_KEY
    assert required == {"CollectCash", "PlaceOrder"}


def test_routes_that_keep_answers_need_a_place_for_them(api: Api):
    with pytest.raises(RuntimeError, match="no store"):
        settle_once(api.litestar, None)
