"""S18: no text becomes SQL. Every string of every route is attacked on a PostgreSQL that counts statement shapes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from msgspec import inspect

from merx.bootstrap.container import App
from merx.bootstrap.migrate import upgrade
from merx.infra.embedded import EmbeddedPostgres
from merx.infra.settings import Settings
from tests.infra.http.examples import example, structs_in, takes
from tests.infra.http.routes import Route, routes_of, target_of
from tests.schema.filling import fill
from tests.schema.stock import Stock
from tests.support.asgi import AsgiClient
from tests.support.servers import cluster_template, run_here
from tests.support.stage import staged

pytestmark = [pytest.mark.services, pytest.mark.asyncio(loop_scope="module")]

MARK = "zq7x"
HARMLESS = ("zq8y", "Zq8y Lamp", "zq-8-y", "zq8y@example.com", "5", "")
HOSTILE = tuple(
    text.replace("#", MARK)
    for text in (
        "#' or '1'='1",
        "#' or 1=1--",
        '#" or ""="',
        "#'; drop table users.profile; --",
        "#') union select null,version(),null--",
        "#\\'; select pg_sleep(9)--",
        "#' and extractvalue(1,concat(0x7e,version()))--",
        "#'||(select current_user)||'",
        "#$$;select 1;$$",
        "#%' escape '!' or '%'='",
        "#:name :p0 $1 %s %(name)s {0} {name}",
        "name,(select 1)#",
        "name desc; select '#'",
        "#'/**/or/**/1/**/=/**/1",
        "#\uff07 or 1=1--",
    )
)
IN_HEADERS = (*HARMLESS[:2], *HOSTILE[:3])
SHAPES = (
    "select query from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = current_database()"
)


@pytest.fixture(scope="module")
def counting_url(tmp_path_factory: pytest.TempPathFactory, server_folder: Path) -> Iterator[str]:
    folder = server_folder / "counting"
    folder.mkdir(mode=0o755)
    server = EmbeddedPostgres(
        folder / "pg",
        run=folder / "run",
        log=folder / "log",
        database="shop",
        durable=False,
        template=cluster_template(),
        options={
            "shared_preload_libraries": "pg_stat_statements",
            "pg_stat_statements.max": "20000",
            "pg_stat_statements.track_utility": "off",
            "shared_buffers": "64MB",
        },
    )
    run_here(server.start())
    upgrade(server.url)
    yield server.url
    run_here(server.stop())


class Attacked:
    def __init__(self, client: AsgiClient, stock: Stock, url: str, routes: list[Route]) -> None:
        self.client, self.stock, self.url, self.routes = client, stock, url, routes
        self.real = {name: pool[0] for name, pool in stock.ids.items()}

    async def shapes(self) -> set[str]:
        connection = await asyncpg.connect(self.url, timeout=10)
        try:
            return {row["query"] for row in await connection.fetch(SHAPES)} - {SHAPES}
        finally:
            await connection.close(timeout=5)

    def headers(self, route: Route) -> dict[str, str]:
        people = {"staff": self.stock.owner, "customer": self.stock.customer, "signed_in": self.stock.customer}
        if (person := people.get(route.rule.name)) is not None:
            return {"authorization": f"Bearer {person.token}"}
        if route.rule.name == "guest_or_owner":
            cart, order = self.real["cart_id"], self.real["order_id"]
            return {"x-cart-token": self.stock.cart_tokens[cart], "x-order-token": self.stock.order_tokens[order]}
        return {}

    async def send(self, route: Route, texts: tuple[str, ...]) -> list[str]:
        """Puts each text into each place of a route that takes one. Answers lines about failures of ours."""
        wrong = []
        for text in texts:
            for target, headers, body in self._requests(route, text):
                answer = await self.client.request(route.method, target, headers=headers, body=body)
                if answer.status >= 500 or b"syntax error" in answer.body or b"asyncpg" in answer.body:
                    wrong.append(f"{route} {target[:80]}: {answer.status} {answer.body[:120]!r}")
        return wrong

    def _requests(self, route: Route, text: str) -> Iterator[tuple[str, dict[str, str], bytes | None]]:
        known = (
            {}
            if route.method == "DELETE"
            else {each.name: self.real.get(each.name, each.example) for each in route.in_path}
        )
        target, headers = target_of(route, path=known), self.headers(route)
        whole = example(route.body) if route.body is not None else None
        body = None if whole is None else msgspec.json.encode(_filled(whole, self.real))
        if body is not None:
            headers |= {"content-type": "application/json"}
        for parameter in route.in_path:
            yield target_of(route, path=known | {parameter.name: quote(text, safe="") or "-"}), headers, body
        plain = target.partition("?")[0]
        needed = {each.name: each.example for each in route.in_query if each.required}
        for parameter in route.in_query:
            pairs = needed | {parameter.name: quote(text)}
            yield plain + "?" + "&".join(f"{name}={value}" for name, value in pairs.items()), headers, body
        if "search" in route.path or route.path.endswith("/products"):
            yield f"{plain}?attr.{quote(text, safe='') or 'x'}={quote(text)}", headers, body
        # No header is put into SQL but these, which are the same on all routes.
        for name in (
            ()
            if text not in IN_HEADERS
            else ("idempotency-key", "if-match", "if-none-match", "accept-language", "user-agent", "x-request-id")
        ):
            yield target, headers | {name: text.encode().decode("latin-1")}, body
        if route.rule.name == "guest_or_owner":
            yield target, headers | {"x-cart-token": text.encode().decode("latin-1"), "x-order-token": "x"}, body
        if route.body is None:
            return
        for place, of_place, fields in structs_in(route.body):
            for field in fields:
                if takes(field.type, inspect.StrType):
                    here = msgspec.structs.replace(place, steps=(*place.steps, field.encode_name))
                    made = here.put(_filled(of_place, self.real), text)
                    yield target, headers, msgspec.json.encode(made)


def _filled(body: Any, real: dict[str, str]) -> Any:
    """With ids of what is there."""
    if isinstance(body, dict):
        return {name: real[name] if name in real else _filled(value, real) for name, value in body.items()}
    return [_filled(item, real) for item in body] if isinstance(body, list) else body


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attacked(
    counting_url: str, redis_server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Attacked]:
    folder = str(tmp_path_factory.mktemp("shop"))
    settings = Settings(database_url=counting_url, redis_url=redis_server_url, data_dir=folder)
    app = App(settings)
    api = staged(settings, app)
    connection = await asyncpg.connect(counting_url, timeout=10)
    await connection.execute("create extension pg_stat_statements")
    await connection.close(timeout=5)
    api.health.started = True
    stock = Stock(app, 6)
    await fill(stock, api)
    # Without start-up: nothing else asks the database meanwhile.
    yield Attacked(AsgiClient(api), stock, counting_url, [route for route in routes_of(api) if not route.raw])
    await app.close()


async def test_s18_no_text_makes_a_statement_of_its_own(attacked: Attacked):
    wrong = []
    # What is there, twice: the second time many things are there already.
    for texts in (HARMLESS, HARMLESS[:3]):
        for route in attacked.routes:
            await attacked.send(route, texts)
    before = await attacked.shapes()
    assert len(before) > 100
    for route in attacked.routes:
        wrong += await attacked.send(route, HOSTILE)
    assert wrong == []
    new = await attacked.shapes() - before
    assert [query for query in new if MARK in query.lower()] == []
    assert new == set(), "\n".join(new)
    connection = await asyncpg.connect(attacked.url, timeout=10)
    assert await connection.fetchval("select count(*) from users.profile") > 0
    await connection.close(timeout=5)


async def test_s18_a_statement_made_of_text_would_be_seen(attacked: Attacked):
    """The negative control: what a careless query does."""
    before = await attacked.shapes()
    connection = await asyncpg.connect(attacked.url, timeout=10)
    for text in (f"{MARK}a", f"{MARK}' or '1'='1"):
        await connection.fetch(f"select id from users.profile where name_key = '{text}'")
    await connection.close(timeout=5)
    assert len(await attacked.shapes() - before) == 2


async def test_s18_wildcards_are_letters(attacked: Attacked):
    staff = {"authorization": f"Bearer {attacked.stock.owner.token}"}
    for text in ("%", "_", "%25", "a%", "_da", "%@example.com", "\\", "a\\%"):
        for path in ("/users", "/auth/staff"):
            answer = await attacked.client.get(f"/api/v1{path}?q={quote(text)}", headers=staff)
            assert answer.status == 200, answer.body
            names = [(each["name"] + each["email"]).lower() for each in answer.json()["items"]]
            assert all(name.startswith(text.lower()) for name in names), (path, text, names)
    for path in ("/users?q=ada", "/auth/staff?q=ada"):
        assert (await attacked.client.get(f"/api/v1{path}", headers=staff)).json()["items"], path
