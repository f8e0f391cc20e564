"""Adding a line to a cart of three lines, against a floor that runs the same statements for every request.

The floor asks the catalogue, then locks, writes and commits one cart with asyncpg, asks for the other variants and
encodes the same answer with msgspec; it checks nothing. Merx does all of it for every request too, and may put the
statements of requests that wait at the same moment into one transaction. Commits are synchronous on both sides.
"""

import os
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tests.bench.kit import servers
from tests.bench.kit.floors import keep
from tests.bench.kit.load import User, drive, readers, request
from tests.bench.kit.measure import Figure, Side, compare, parser
from tests.bench.kit.shop import API, json_of, shop

CARTS, LINES, VARIANTS = 300, 3, 500


class Body(msgspec.Struct):
    variant_id: UUID
    quantity: int


def floor() -> Any:
    """The bare application. Reads MERX_DATABASE_URL."""
    from merx.contexts.carts.adapters.postgres import carts
    from merx.contexts.carts.domain.cart import CartLine
    from merx.contexts.catalog.adapters.postgres import facade as catalog
    from merx.kernel.ids import new_id

    decode, encode = msgspec.json.Decoder(Body).decode, msgspec.json.Encoder().encode
    lines_of, options_of = msgspec.json.Decoder(list[CartLine]).decode, msgspec.json.Decoder(dict[str, str]).decode
    variants, lock, save = catalog._VARIANTS.sql, carts.LOCK.sql, carts.SAVE
    pool: asyncpg.Pool | None = None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal pool
        if scope["type"] == "lifespan":
            await receive()
            pool = await asyncpg.create_pool(os.environ["MERX_DATABASE_URL"], min_size=10, max_size=10, reset=keep)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert pool is not None
        if scope["method"] == "GET":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        cart_id = UUID(scope["path"].split("/")[4])
        body = decode((await receive())["body"])
        async with pool.acquire() as connection:
            rows = await connection.fetch(variants, [body.variant_id])
            await connection.execute("BEGIN")
            cart = await connection.fetchrow(lock, cart_id)
            lines = lines_of(cart["lines"])
            line = next((line for line in lines if line.variant_id == body.variant_id), None)
            if line is None:
                line = CartLine(id=new_id(), variant_id=body.variant_id, quantity=0, seen_price=rows[0][6])
                lines.append(line)
            line.quantity += body.quantity
            given = dict(cart) | {"lines": encode(lines).decode(), "cart_id": cart_id, "seen_version": cart["version"]}
            given["email_key"] = cart["email"]
            await connection.execute(save.sql, *save.arguments(given))
            await connection.execute("COMMIT")
            if others := [line.variant_id for line in lines if line.variant_id != body.variant_id]:
                rows += await connection.fetch(variants, others)
        found = {row[0]: row for row in rows}
        shown, total = [], 0
        for line in lines:
            row = found[line.variant_id]
            total += row[6] * line.quantity
            shown.append(
                {
                    "id": line.id,
                    "variant_id": line.variant_id,
                    "product_id": row[1],
                    "product_name": row[2],
                    "product_slug": row[3],
                    "sku": row[4],
                    "options": options_of(row[5]),
                    "quantity": line.quantity,
                    "unit_price": {"amount": row[6], "currency": row[7]},
                    "line_total": {"amount": row[6] * line.quantity, "currency": row[7]},
                    "available": row[9],
                }
            )
        money = {"amount": total, "currency": cart["currency"]}
        answer = {
            "id": cart_id,
            "currency": cart["currency"],
            "status": cart["status"],
            "version": cart["version"] + 1,
            "lines": shown,
            "items_total": money,
            "shipping": None,
            "total": money,
            "email": None,
            "address": None,
            "problems": [],
            "requirements": ["email", "address", "shipping_method"],
        }
        content = encode(answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


def filled(variants: Sequence[UUID], done: list[bytes]) -> User:
    """A guest fills a cart; leaves the requests that add one more of each."""
    opened = json_of((yield request("POST", f"{API}/carts", {})), 201)
    path, key = f"{API}/carts/{opened['id']}/lines", {"x-cart-token": opened["token"]}
    for variant in variants:
        again = request("POST", path, {"variant_id": str(variant), "quantity": 1}, key)
        json_of((yield again), 201)
        done.append(again)


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__).parse_args(arguments)
    with shop() as made:
        sold = made.variants(VARIANTS)
        with (
            servers.serving(servers.api(made.home, made.environment)) as merx,
            servers.serving(servers.asgi("tests.bench.cart_add_line:floor", made.home, made.environment)) as bare,
        ):
            merx.ready(f"{API}/health/ready")
            bare.ready("/")
            requests: list[bytes] = []
            for start in range(0, CARTS, 50):
                picks = [
                    [sold[(number * LINES + n) % VARIANTS] for n in range(LINES)] for number in range(start, start + 50)
                ]
                drive(merx.port, [filled(pick, requests) for pick in picks], 60).expect(201)
            # Next to each other in the list are lines of one cart: connections would meet on it all the time.
            requests = [request for offset in range(LINES) for request in requests[offset::LINES]]
            made.sql("vacuum analyze carts.cart")
            sides = [
                Side(
                    server.name,
                    server,
                    lambda seconds, port=server.port: drive(
                        port, readers(requests, options.connections), seconds
                    ).expect(201),
                )
                for server in (bare, merx)
            ]
            found = compare(sides, options)
    return [
        Figure(
            what="cart add-line",
            value=found.ratio("merx", "floor"),
            unit="of the floor",
            target=0.5,
            detail=f"Merx {found.results['merx'].text()}; floor {found.results['floor'].text()}",
        )
    ]
