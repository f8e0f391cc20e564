"""What the shop is filled with: something behind every id that the API asks for, made in the order it needs."""

import re
from collections import deque
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from merx.contexts.catalog.usecases.commands import EditProduct
from merx.contexts.catalog.usecases.edit_product import EDIT
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.events import EmailVerified
from merx.infra.outbox.events import Subscriber
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Invalid
from merx.kernel.ids import new_id
from tests.schema.stock import ADDRESS, PASSWORD, Person, Stock

_CODE = re.compile(r"mx_otc_[A-Za-z0-9_-]+")


async def fill(stock: Stock, api: Any) -> None:
    stock.client.app = api
    # One index made at the end costs less than one that follows every change.
    with stock.app.registry.silenced("search."):
        await _fill(stock)
    await stock.app.contexts.search.reindex()(lambda done: None)


async def _fill(stock: Stock) -> None:
    await stock.app.contexts.shipping.seed_shipping()()
    stock.owner = await _person(stock, "owner@example.com", AccountKind.staff, "*")
    clerks = [await _person(stock, f"{stock.name('clerk')}@example.com", AccountKind.staff) for _ in range(3)]
    stock.clerks.extend(clerk.id for clerk in clerks)
    stock.customer = await _person(stock, "customer@example.com", AccountKind.customer)
    await _catalogue(stock)
    await _approvals(stock)
    await _shipping(stock)
    await _people(stock)
    await stock.app.deliverer.drain()
    await _orders(stock)
    await _codes(stock)
    await stock.app.deliverer.drain()
    await _operations(stock)


async def _person(stock: Stock, email: str, kind: AccountKind, *permissions: str) -> Person:
    ensure = stock.app.contexts.identity.ensure_account()
    account_id = await ensure(email, "Ada Byron", kind, permissions, PASSWORD)
    token = stock.app.infra.access_tokens().issue(account_id, ActorKind(kind), permissions, ttl=3600)
    return Person(account_id, email, token)


async def _catalogue(stock: Stock) -> None:
    categories = [await stock.make("/categories", {"name": stock.name("Category")}) for _ in range(stock.spare_things)]
    brands = [await stock.make("/brands", {"name": stock.name("Brand")}) for _ in range(5)]
    products = []
    for number in range(stock.spare_things):
        variants = [
            {"sku": stock.name("SKU"), "price": {"amount": 10_00, "currency": "USD"}, "options": {"size": size}}
            for size in ("S", "M")
        ]
        body = {"name": stock.name("Product"), "variants": variants, "description": "For every day."}
        body |= {"category_id": categories[0]["id"], "brand_id": brands[0]["id"]}
        product = await stock.make("/products", body)
        if number % 3:
            await stock.make(f"/products/{product['id']}/publish", None)
        products.append(product)
    # The others are drafts, which nobody buys.
    variants = [variant["id"] for number, each in enumerate(products) if number % 3 for variant in each["variants"]]
    await stock.app.deliverer.drain()
    for variant_id in variants:
        await stock.make("/inventory/receipts", {"variant_id": variant_id, "quantity": 1000})
    stock.ids |= {
        "category_id": deque(each["id"] for each in categories),
        "brand_id": deque(each["id"] for each in brands),
        "product_id": deque(each["id"] for each in products),
        "variant_id": deque(variants),
    }
    stock.ids["parent_id"] = stock.ids["category_id"]
    on_sale = [each for number, each in enumerate(products) if number % 3]
    for name, things in (("products", on_sale), ("categories", categories), ("brands", brands)):
        stock.slugs[name] = deque(text for each in things[:10] for text in (each["id"], each["slug"]))
    locations = (await stock.send("GET", "/inventory/locations", person=stock.owner)).json()
    stock.ids["location_id"] = deque(each["id"] for each in locations)


async def _approvals(stock: Stock) -> None:
    """What somebody else asked for: of each product once, for what comes next finds another version."""
    somebody, asked = Actor(kind=ActorKind.staff, account_id=new_id()), []
    for product_id in stock.ids["product_id"]:
        async with stock.app.contexts.catalog.uow() as uow:
            product, cmd = await uow.products.get(UUID(product_id)), EditProduct(model="New")
            asked.append(await stock.app.infra.second_person().ask(uow, somebody, EDIT, product, cmd))
            await uow.commit()
    stock.ids["approval_id"] = deque(str(each.approval_id) for each in asked)


async def _operations(stock: Stock) -> None:
    """Jobs, and news that somebody refused; tried again in this process they are refused again."""
    stock.ids["name"] = deque(job.name for job in stock.app.jobs)

    async def refuse(_: EmailVerified) -> None:
        raise Invalid

    stock.app.registry.add(Subscriber("toy.refuses", EmailVerified, refuse))
    for _ in range(stock.spare_things):
        async with stock.app.contexts.operations.uow() as uow:
            uow.emit(EmailVerified(at=datetime.now(UTC), account_id=new_id(), email="nobody@example.com"))
            await uow.commit()
    await stock.app.deliverer.drain()
    page = await stock.app.contexts.operations.dead_letter_queries().page(None, None, 100)
    stock.ids["letter_id"] = deque(str(letter.id) for letter in page.items)


async def _shipping(stock: Stock) -> None:
    zones, methods, rates = [], [], []
    for number in range(stock.spare_things):
        zone = {"name": stock.name("Zone"), "countries": ["NZ"], "postal_prefixes": [str(1000 + number)]}
        zones.append((await stock.make("/shipping/zones", zone))["id"])
        method = {"zone_id": zones[0], "code": stock.name("method"), "name": "Post", "days_min": 1, "days_max": 3}
        methods.append((await stock.make("/shipping/methods", method))["id"])
        rate = {"method_id": methods[-1], "currency": "USD", "tiers": [{"price": 500}]}
        rates.append((await stock.make("/shipping/rates", rate))["id"])
        method["code"] = stock.name("method")
        stock.methods_without_rate.append((await stock.make("/shipping/methods", method))["id"])
    stock.ids |= {"zone_id": deque(zones), "method_id": deque(methods), "rate_id": deque(rates)}


async def _people(stock: Stock) -> None:
    groups, addresses, keys = [], [], []
    for _ in range(stock.spare_things):
        groups.append((await stock.make("/users/groups", {"code": stock.name("group"), "name": "Group"}))["id"])
        saved = await stock.make("/users/me/addresses", {"address": ADDRESS}, stock.customer)
        addresses.append(saved["id"])
        keys.append(await stock.make("/auth/api-keys", {"name": "Key", "scopes": ["orders:read"]}))
        spare = await _person(stock, f"{stock.name('spare')}@example.com", AccountKind.customer)
        stock.spare.append(spare)
    for person in list(stock.spare)[: stock.spare_things // 2]:
        signed = await stock.make("/auth/login", {"email": person.email, "password": PASSWORD})
        stock.refresh_tokens.append(signed["refresh_token"])
    for _ in range(stock.spare_things):
        await stock.make("/auth/login", {"email": stock.customer.email, "password": PASSWORD})
    sessions = (await stock.send("GET", "/auth/sessions", person=stock.customer)).json()
    stock.sessions.extend(each["id"] for each in sessions)
    stock.program = keys[0]["key"]
    stock.ids |= {
        "group_id": deque(groups),
        "address_id": deque(addresses),
        "key_id": deque(each["api_key"]["id"] for each in keys[1:]),
        "account_id": deque([stock.customer.id, *(person.id for person in list(stock.spare)[-5:])]),
    }


async def _cart(stock: Stock) -> dict[str, Any]:
    """A guest's, ready for checkout."""
    cart = (await stock.send("POST", "/carts", {})).json()
    key = {"x_cart_token": cart["token"]}
    here = f"/carts/{cart['id']}"
    stock.cart_tokens[cart["id"]] = cart["token"]
    line = {"variant_id": stock.next_of(stock.ids["variant_id"])}
    await stock.send("POST", f"{here}/lines", line, **key)
    await stock.send("PUT", f"{here}/address", {"email": "ada@example.com", "address": ADDRESS}, **key)
    options = (await stock.send("GET", f"{here}/shipping-options", **key)).json()["items"]
    stock.offered = deque(option["method_id"] for option in options)
    ready: dict[str, Any] = (
        await stock.send("PUT", f"{here}/shipping", {"method_id": options[0]["method_id"]}, **key)
    ).json()
    assert not ready["problems"] + ready["requirements"], ready
    return ready


async def _orders(stock: Stock) -> None:
    carts = [await _cart(stock) for _ in range(stock.spare_things)]
    stock.ids["cart_id"] = deque(each["id"] for each in carts)
    stock.lines.extend((each["id"], each["lines"][0]["id"]) for each in carts)
    stock.ready.extend([await _cart(stock) for _ in range(2 * stock.spare_things)])
    placed = [await stock.place() for _ in range(stock.spare_things)]
    stock.ids["order_id"] = deque(order["id"] for order in placed)
    stock.unsent.extend(order["id"] for order in placed[: stock.spare_things // 2])
    stock.ids["payment_id"] = deque(order["payment_id"] for order in placed)
    stock.payments.extend(
        {"payment_id": order["payment_id"], "amount": order["total"], "reference": stock.name("receipt")}
        for order in placed
    )
    for order in placed[stock.spare_things // 2 :]:
        sent = await stock.make(f"/orders/{order['id']}/shipments", {"carrier": "DHL"})
        stock.parcels.append((order["id"], sent["shipments"][0]["id"]))


async def _codes(stock: Stock) -> None:
    """Codes as they were mailed, by what they are good for."""
    for purpose in ("verify-email", "reset-password", "change-email"):
        before = len(_mails(stock))
        people = [stock.spare.pop() for _ in range(stock.spare_things // 6)]
        for person in people:
            email = f"{stock.name('new')}@example.com"
            if purpose == "verify-email":
                await stock.send("POST", "/auth/register", {"email": email, "name": "New", "password": PASSWORD})
            elif purpose == "reset-password":
                await stock.send("POST", "/auth/password/forgot", {"email": person.email})
            else:
                await stock.send("POST", "/auth/email/change", {"email": email, "password": PASSWORD}, person)
        await stock.app.deliverer.drain()
        texts = [text.replace("=\n", "") for text in _mails(stock)[before:]]
        codes = [found[0] for text in texts if (found := _CODE.search(text))]
        assert len(codes) == len(people), (purpose, len(codes))
        stock.codes[purpose] = deque(codes)
        if purpose == "change-email":
            stock.moves.extend(zip(people, codes, strict=True))


def _mails(stock: Stock) -> list[str]:
    """The oldest first."""
    if stock.app.in_memory:
        return [mail.as_string() for mail in stock.app.contexts.notifications.mailbox().messages]
    return [file.read_text() for file in sorted(stock.app.settings.mail_folder.glob("*.eml"))]
