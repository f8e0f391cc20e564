"""The catalogue as shoppers and staff meet it."""

import pytest

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.contexts.catalog.conftest import Shop, variant
from tests.support.asgi import AsgiClient

BASE = "/api/v1"
NEW = {
    "name": "Desk lamp",
    "variants": [{"sku": "DL-S", "price": {"amount": 2450, "currency": "USD"}, "options": {"size": "S"}}],
}


async def made(client: AsgiClient, staff: dict[str, str], **fields) -> dict:
    answer = await client.post(f"{BASE}/products", json=NEW | fields, headers=staff)
    assert answer.status == 201, answer.body
    return answer.json() | {"etag": answer.header("etag")}


class TestStaff:
    async def test_from_draft_to_shelf_and_back(self, client, memory_shop):
        staff = memory_shop.staff()
        product = await made(client, staff)
        here = f"{BASE}/products/{product['id']}"
        assert product["etag"] == '"v1"'
        assert (await client.get(here)).status == 404
        published = await client.post(f"{here}/publish", headers=staff)
        assert (published.status, published.json()["status"]) == (200, "active")
        seen = await client.get(f"{BASE}/products/desk-lamp")
        assert (seen.status, seen.json()["id"]) == (200, product["id"])
        assert seen.json()["price_from"] == {"amount": 2450, "currency": "USD"}
        assert seen.header("cache-control").startswith("public, max-age=")

        edited = await client.request("PATCH", here, json={"name": "Torch"}, headers=staff)
        assert edited.json()["name"] == "Torch"
        assert (await client.get(f"{BASE}/products/desk-lamp")).json()["name"] == "Torch"
        assert (await client.post(f"{here}/archive", headers=staff)).json()["status"] == "archived"
        assert (await client.get(here)).slug == "catalog.product-not-found"
        assert (await client.post(f"{here}/restore", headers=staff)).json()["status"] == "draft"
        again = await client.post(f"{here}/restore", headers=staff)
        assert (again.status, again.slug) == (409, "catalog.not-archived")

    async def test_if_match(self, client, memory_shop):
        staff = memory_shop.staff()
        product = await made(client, staff)
        here = f"{BASE}/products/{product['id']}"
        read = await client.get(f"{here}/edit", headers=staff)
        tag = {"if-match": read.header("etag")}
        changed = await client.request("PATCH", here, json={"name": "A"}, headers=staff | tag)
        assert changed.header("etag") == '"v2"'
        stale = await client.request("PATCH", here, json={"name": "B"}, headers=staff | tag)
        assert (stale.status, stale.slug) == (412, "resource.changed-meanwhile")
        assert (await client.post(f"{here}/publish", headers=staff | tag)).status == 412

    async def test_categories_and_brands(self, client, memory_shop):
        staff = memory_shop.staff()
        home = await client.post(f"{BASE}/categories", json={"name": "Home"}, headers=staff)
        assert (home.status, home.header("etag"), home.json()["slug"]) == (201, '"v1"', "home")
        lamps = await client.post(
            f"{BASE}/categories", json={"name": "Lamps", "parent_id": home.json()["id"]}, headers=staff
        )
        here = f"{BASE}/categories/{lamps.json()['id']}"
        tag = {"if-match": lamps.header("etag")}
        renamed = await client.request("PATCH", here, json={"slug": "lights"}, headers=staff | tag)
        assert (renamed.status, renamed.header("etag")) == (200, '"v2"')
        assert (await client.request("PATCH", here, json={"slug": "x"}, headers=staff | tag)).status == 412
        loop = await client.post(
            f"{BASE}/categories/{home.json()['id']}/move", json={"parent_id": lamps.json()["id"]}, headers=staff
        )
        assert (loop.status, loop.slug) == (409, "catalog.category-loop")
        moved = await client.post(f"{here}/move", json={"parent_id": None}, headers=staff)
        assert [crumb["slug"] for crumb in moved.json()["trail"]] == ["lights"]
        assert (await client.request("DELETE", here, headers=staff)).status == 204

        brand = await client.post(f"{BASE}/brands", json={"name": "Acme"}, headers=staff)
        assert (brand.status, brand.json()["slug"]) == (201, "acme")
        again = await client.post(f"{BASE}/brands", json={"name": "Acme"}, headers=staff)
        assert (again.status, again.slug) == (409, "catalog.name-taken")
        tag = {"if-match": brand.header("etag")}
        there = f"{BASE}/brands/{brand.json()['id']}"
        assert (await client.request("PATCH", there, json={"name": "Acme 2"}, headers=staff | tag)).status == 200
        assert (await client.request("PATCH", there, json={"name": "Acme 3"}, headers=staff | tag)).status == 412

    @pytest.mark.parametrize("kind", ["categories", "brands"])
    async def test_what_was_read_can_be_edited(self, client, memory_shop, kind):
        staff = memory_shop.staff()
        made = await client.post(f"{BASE}/{kind}", json={"name": "Lamps"}, headers=staff)
        here = f"{BASE}/{kind}/{made.json()['id']}"
        read = await client.get(f"{here}/edit", headers=staff)
        assert (read.status, read.json(), read.header("etag")) == (200, made.json(), made.header("etag"))
        tag = {"if-match": read.header("etag")}
        changed = await client.request("PATCH", here, json={"name": "Lights"}, headers=staff | tag)
        assert (changed.status, changed.header("etag")) == (200, '"v2"')
        again = await client.get(f"{here}/edit", headers=staff)
        assert (again.json()["name"], again.header("etag")) == ("Lights", '"v2"')
        assert again.header("cache-control") == "no-store"
        stale = await client.request("PATCH", here, json={"name": "Lanterns"}, headers=staff | tag)
        assert (stale.status, stale.slug) == (412, "resource.changed-meanwhile")
        assert (await client.get(f"{BASE}/{kind}/{new_id()}/edit", headers=staff)).status == 404

    async def test_only_the_category_that_was_read_is_removed(self, client, memory_shop):
        staff = memory_shop.staff()
        made = await client.post(f"{BASE}/categories", json={"name": "Lamps"}, headers=staff)
        here = f"{BASE}/categories/{made.json()['id']}"
        await client.request("PATCH", here, json={"name": "Lights"}, headers=staff)
        stale = await client.request("DELETE", here, headers=staff | {"if-match": made.header("etag")})
        assert (stale.status, stale.slug) == (412, "resource.changed-meanwhile")
        fresh = (await client.get(f"{here}/edit", headers=staff)).header("etag")
        assert (await client.request("DELETE", here, headers=staff | {"if-match": fresh})).status == 204
        assert (await client.get(f"{here}/edit", headers=staff)).status == 404

    async def test_a_long_description_fits(self, client, memory_shop):
        staff = memory_shop.staff()
        product = await made(client, staff, description="x" * 100_000)
        here = f"{BASE}/products/{product['id']}"
        body = {"attributes": {f"a{n}": "v" * 3000 for n in range(200)}}
        assert (await client.request("PATCH", here, json=body, headers=staff)).status == 200
        too_much = {"attributes": {f"a{n}": "v" * 9000 for n in range(200)}}
        assert (await client.request("PATCH", here, json=too_much, headers=staff)).status == 413

    async def test_doors_that_are_closed(self, client, memory_shop):
        tokens = memory_shop.app.infra.access_tokens()
        customer = {"authorization": f"Bearer {tokens.issue(new_id(), ActorKind.customer, ())}"}
        reader = memory_shop.staff(["inventory:read"])
        for method, path in (
            ("POST", "/products"),
            ("PATCH", f"/products/{new_id()}"),
            ("POST", f"/products/{new_id()}/publish"),
            ("GET", f"/products/{new_id()}/edit"),
            ("GET", f"/categories/{new_id()}/edit"),
            ("GET", f"/brands/{new_id()}/edit"),
            ("POST", "/categories"),
            ("POST", f"/categories/{new_id()}/move"),
            ("DELETE", f"/categories/{new_id()}"),
            ("POST", "/brands"),
        ):
            body = None if method in ("GET", "DELETE") else {}
            statuses = [
                (await client.request(method, BASE + path, json=body, headers=headers)).status
                for headers in ({}, customer, reader)
            ]
            assert statuses == [401, 403, 403], path

    async def test_ids_that_are_not_there(self, client, memory_shop):
        staff = memory_shop.staff()
        for method, path, slug in (
            ("PATCH", f"/products/{new_id()}", "catalog.product-not-found"),
            ("PATCH", f"/categories/{new_id()}", "catalog.category-not-found"),
            ("PATCH", f"/brands/{new_id()}", "catalog.brand-not-found"),
        ):
            answer = await client.request(method, BASE + path, json={"name": "x"}, headers=staff)
            assert (answer.status, answer.slug) == (404, slug)


class TestShoppers:
    @pytest.fixture
    async def stocked(self, memory_shop: Shop) -> Shop:
        shop = memory_shop
        home, brand = await shop.category("Home"), await shop.brand("Acme")
        lamps = await shop.category("Lamps", home)
        for n in range(5):
            await shop.product(
                f"Lamp {n}", variant(f"L{n}", 1000 + n), category_id=lamps, brand_id=brand, attributes={"watt": n}
            )
        await shop.settle()
        return shop

    async def test_lists_pages_and_filters(self, client, stocked):
        page = (await client.get(f"{BASE}/products?limit=2")).json()
        assert [item["name"] for item in page["items"]] == ["Lamp 4", "Lamp 3"]
        page = (await client.get(f"{BASE}/products?limit=2&after={page['next']}")).json()
        assert [item["name"] for item in page["items"]] == ["Lamp 2", "Lamp 1"]

        async def names(query: str) -> list[str]:
            answer = await client.get(f"{BASE}/products?{query}")
            assert answer.status == 200, answer.body
            return [item["name"] for item in answer.json()["items"]]

        assert await names("attr.watt=3") == ["Lamp 3"]
        assert await names("attr.watt=3&attr.watt=4") == []
        assert await names("category=home&brand=acme&sort=price&limit=1") == ["Lamp 0"]
        assert await names("sort=-price&price_max=1002") == ["Lamp 2", "Lamp 1", "Lamp 0"]
        assert await names("in_stock=true") == []
        assert await names("currency=EUR") == []
        assert await names("sort=name&limit=2") == ["Lamp 0", "Lamp 1"]

    async def test_trees_and_brands(self, client, stocked):
        [tree] = (await client.get(f"{BASE}/categories")).json()
        assert (tree["slug"], tree["product_count"], tree["children"][0]["slug"]) == ("home", 5, "lamps")
        lamps = (await client.get(f"{BASE}/categories/lamps")).json()
        assert [crumb["slug"] for crumb in lamps["trail"]] == ["home", "lamps"]
        listed = (await client.get(f"{BASE}/categories/home/products?limit=2&sort=name")).json()
        assert [item["name"] for item in listed["items"]] == ["Lamp 0", "Lamp 1"]
        brands = (await client.get(f"{BASE}/brands")).json()
        assert [brand["product_count"] for brand in brands["items"]] == [5]
        assert len((await client.get(f"{BASE}/brands/acme/products")).json()["items"]) == 5
        variants = (await client.get(f"{BASE}/products/lamp-1/variants")).json()
        assert [v["sku"] for v in variants] == ["L1"]

    async def test_old_slugs_lead_on(self, client, stocked):
        staff = stocked.staff()
        for kind, old, body in (
            ("products", "lamp-1", {"slug": "torch"}),
            ("categories", "lamps", {"slug": "products"}),
            ("brands", "acme", {"slug": "ac-me"}),
        ):
            id = (await client.get(f"{BASE}/{kind}/{old}")).json()["id"]
            assert (await client.request("PATCH", f"{BASE}/{kind}/{id}", json=body, headers=staff)).status == 200
        for old, new in (
            ("/products/lamp-1", "/products/torch"),
            ("/products/lamp-1/variants", "/products/torch/variants"),
            ("/categories/lamps", "/categories/products"),
            ("/categories/lamps/products?sort=name&limit=1", "/categories/products/products?sort=name&limit=1"),
            ("/brands/acme", "/brands/ac-me"),
            ("/brands/acme/products", "/brands/ac-me/products"),
        ):
            answer = await client.get(BASE + old)
            assert (answer.status, answer.header("location")) == (301, BASE + new)
            assert (await client.get(BASE + new)).status == 200
        # Neither another host nor another header, however the path is written.
        for odd in ("/" + BASE, "//" + BASE):
            answer = await client.get(f"{odd}/categories/lamps/products/?sort=n%61me")
            assert (answer.status, answer.header("location")) == (
                301,
                f"{BASE}/categories/products/products?sort=n%61me",
            )
            evil = await client.get(f"{odd}/products/lamp-1/?x=%0d%0aset-cookie:a=b")
            assert (evil.status, evil.header("set-cookie"), evil.header("location")) == (400, None, None)
        filtered = await client.get(f"{BASE}/products?category=lamps&brand=acme")
        assert len(filtered.json()["items"]) == 5

    async def test_a_cached_list_changes_with_its_products(self, client, stocked):
        first = await client.get(f"{BASE}/products?limit=1")
        assert first.json()["items"][0]["name"] == "Lamp 4"
        again = await client.get(f"{BASE}/products?limit=1", headers={"if-none-match": first.header("etag")})
        assert again.status == 304
        id = first.json()["items"][0]["id"]
        await client.request("PATCH", f"{BASE}/products/{id}", json={"name": "New"}, headers=stocked.staff())
        assert (await client.get(f"{BASE}/products?limit=1")).json()["items"][0]["name"] == "New"

    async def test_what_is_not_there(self, client):
        for path in (
            "/products/no-such",
            f"/products/{new_id()}",
            "/products/No%20Slug",
            "/products/%F0%9F%8E%81",
            "/products/no-such/variants",
            "/products?category=no-such",
            "/products?brand=No%20Such",
            "/categories/no-such",
            "/categories/no-such/products",
            "/brands/no-such",
            "/brands/no-such/products",
        ):
            answer = await client.get(BASE + path)
            assert (answer.status, answer.is_problem) == (404, True), path

    async def test_what_a_choice_can_be_is_said(self, client):
        answer = await client.get(f"{BASE}/products?sort=random")
        assert answer.json()["errors"] == [
            {"field": "sort", "message": "must be one of newest, price, -price, name"},
        ]

    async def test_questions_that_make_no_sense(self, client):
        for query in (
            "limit=0",
            "limit=101",
            "limit=x",
            "sort=random",
            "after=!!!",
            "after=" + "A" * 600,
            "price_min=-1",
            "price_max=99999999999999999999",
            "currency=usd",
            "in_stock=perhaps",
            "&".join(f"attr.a{n}=1" for n in range(11)),
        ):
            answer = await client.get(f"{BASE}/products?{query}")
            assert answer.status in (400, 422), query
            assert answer.is_problem
