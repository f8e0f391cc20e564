"""A shop whose secrets a test knows, the people and programs who send theirs to it, and all that it says to them."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.keys import ensure_keys, load_keys
from merx.infra.log_writer import LineWriter
from merx.infra.logging import configure_logging
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.journeys.conftest import World
from tests.journeys.test_first_order import ADDRESS
from tests.support.asgi import Answer, AsgiClient
from tests.support.drain import drain
from tests.support.stage import fresh

SHOP_SECRET = "Zq4vXc81mPkw93hTbnRUyeLaS7d2GfJ0"
METRICS = "metrics-reader-Kx83hQm2Vb71"
DATABASE_PASSWORD = "dsn-Canary-Kx83hQm2"
PASSWORD, NEW_PASSWORD, WRONG = "first canary passphrase", "second canary passphrase", "wrong canary passphrase"
EMAIL = "ada@example.com"
_CODE = re.compile(r"mx_otc_[A-Za-z0-9_-]+")


class Canaries:
    """Every secret by what it is; `answers` is all that was said to anybody."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {
            "the shop's secret": SHOP_SECRET,
            "the metrics token": METRICS,
            "the password of the database": DATABASE_PASSWORD,
            "a password": PASSWORD,
            "a new password": NEW_PASSWORD,
            "a wrong password": WRONG,
        }
        # Answers whose business it is to hand one out.
        self.handed: dict[str, str] = {}
        self.answers: list[tuple[str, Answer]] = []

    def learn(self, name: str, secret: str, answer: Answer) -> None:
        self.secrets[name] = secret
        self.handed[name] = answer.body.decode()

    def found_in(self, text: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in text]

    def told(self) -> list[str]:
        """Answers with a secret in them, but for those that hand it to its owner."""
        own = set(self.handed.values())
        wrong = []
        for what, answer in self.answers:
            text = answer.body.decode()
            if text not in own:
                wrong += [f"{what}: {name}" for name in self.found_in(text + repr(answer.headers))]
        return wrong


class Log:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: LineWriter = configure_logging(
            Settings(log_format="json"), os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        )

    def text(self) -> str:
        self.writer.flush()
        return self.path.read_text()


class Play:
    """One shop with the secrets of this test, and who calls it."""

    def __init__(self, app: App, client: AsgiClient, mail: Path, canaries: Canaries) -> None:
        self.app, self.client, self.mail, self.canaries = app, client, mail, canaries
        self.world = World(app, client)

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        answer = await self.client.request(method, f"/api/v1{path}", json=body, headers=headers or {}, **more)
        self.canaries.answers.append((f"{method} {path}", answer))
        return answer

    async def settle(self) -> None:
        await drain(self.app.deliverer, self.app.infra.deliveries())

    async def code(self) -> str:
        """The newest code that was mailed."""
        await self.settle()
        mails = sorted(self.mail.glob("**/*.eml"), key=lambda path: path.stat().st_mtime_ns)
        found = [each for each in (_CODE.search(_plain(path)) for path in mails) if each]
        return found[-1][0]

    async def people(self) -> str:
        learn = self.canaries.learn
        await self.ask("POST", "/auth/register", {"email": EMAIL, "name": "Ada", "password": PASSWORD})
        self.canaries.secrets["a code that verifies"] = code = await self.code()
        assert (await self.ask("POST", "/auth/verify-email", {"code": code})).status == 204
        again = {"idempotency-key": "0123456789abcdef"}
        for body in ({"code": code}, {"code": code + "x"}, {"code": [code]}, {"kode": code}):
            assert (await self.ask("POST", "/auth/verify-email", body, again)).status in (400, 422)
        for body in (
            {"email": EMAIL, "password": WRONG},
            {"email": EMAIL, "password": [WRONG]},
            {"email": EMAIL, "password": PASSWORD, "remember": 1},
            {"email": PASSWORD, "password": PASSWORD},
        ):
            assert (await self.ask("POST", "/auth/login", body)).status in (400, 401)
        signed = await self.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD})
        tokens = signed.json()
        learn("an access token", tokens["access_token"], signed)
        learn("a refresh token", tokens["refresh_token"], signed)
        fresh = await self.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        learn("the next access token", fresh.json()["access_token"], fresh)
        learn("the next refresh token", fresh.json()["refresh_token"], fresh)
        owner = {"authorization": f"Bearer {fresh.json()['access_token']}"}
        for path in ("/users/me", "/auth/sessions", "/orders", "/nowhere"):
            await self.ask("GET", path, None, owner)
        broken = {"authorization": owner["authorization"] + "x"}
        assert (await self.ask("GET", "/users/me", None, broken)).status == 401
        change = {"present_password": WRONG, "new_password": NEW_PASSWORD}
        assert (await self.ask("POST", "/auth/password/change", change, owner)).status in (400, 401, 403, 422)
        await self.ask("POST", "/auth/password/forgot", {"email": EMAIL})
        self.canaries.secrets["a code that resets"] = code = await self.code()
        reset = {"code": code, "password": NEW_PASSWORD}
        assert (await self.ask("POST", "/auth/password/reset", reset)).status == 204
        assert (await self.ask("POST", "/auth/password/reset", reset)).status == 400
        await self.ask("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        await self.ask("POST", "/auth/logout", {"refresh_token": fresh.json()["refresh_token"]})
        return code

    async def shopping(self) -> None:
        product = (await self.ask("GET", "/products?limit=1")).json()["items"][0]
        variant = (await self.ask("GET", f"/products/{product['slug']}")).json()["variants"][0]["id"]
        once = {"idempotency-key": "0123456789abcdef"}
        opened = await self.ask("POST", "/carts", {}, once)
        cart = opened.json()
        self.canaries.learn("a cart's token", cart["token"], opened)
        replayed = await self.ask("POST", "/carts", {}, once)
        assert replayed.body == opened.body
        key, here = {"x-cart-token": cart["token"]}, f"/carts/{cart['id']}"
        await self.ask("POST", f"{here}/lines", {"variant_id": variant}, key | once)
        await self.ask("POST", f"{here}/lines", {"variant_id": cart["token"]}, key)
        await self.ask("PUT", f"{here}/address", {"email": EMAIL, "address": ADDRESS}, key)
        method = (await self.ask("GET", f"{here}/shipping-options", None, key)).json()["items"][0]["method_id"]
        ready = (await self.ask("PUT", f"{here}/shipping", {"method_id": method}, key)).json()
        body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": ready["total"]}
        placed = await self.ask("POST", "/orders", body, key | once)
        assert placed.status == 201, placed.body
        self.canaries.learn("an order's token", placed.json()["token"], placed)
        again = await self.ask("POST", "/orders", body, key | once)
        assert (again.status, again.body) == (201, placed.body)
        token = {"x-order-token": placed.json()["token"]}
        assert (await self.ask("GET", f"/orders/{placed.json()['order']['id']}", None, token)).status == 200
        await self.ask("GET", f"/orders/{new_id()}", None, token)
        # Where an id belongs, and where nothing does.
        for secret in (cart["token"], placed.json()["token"]):
            for path in ("/carts/{}", "/carts/{}/lines", "/orders/{}", "/products/{}", "/nowhere/{}/", "/{}"):
                for method in ("GET", "PUT"):
                    assert (await self.ask(method, path.format(secret))).status >= 400
        await self.settle()

    async def programs(self) -> None:
        staff_id = await self.app.contexts.identity.ensure_account()(
            "staff@example.com", "Sam", AccountKind.staff, ("*",), PASSWORD
        )
        text = self.app.infra.access_tokens().issue(staff_id, ActorKind.staff, ["*"])
        self.canaries.secrets["a token of staff"] = text
        staff = {"authorization": f"Bearer {text}"}
        made = await self.ask("POST", "/auth/api-keys", {"name": "till", "scopes": ["orders:read"]}, staff)
        assert made.status == 201, made.body
        self.canaries.learn("an API key", made.json()["key"], made)
        program = {"authorization": f"Bearer {made.json()['key']}"}
        assert (await self.ask("GET", "/orders", None, program)).status == 200
        assert (await self.ask("GET", "/users", None, program)).status == 403
        wrong = {"authorization": program["authorization"][:-1] + "x"}
        assert (await self.ask("GET", "/orders", None, wrong)).status == 401
        for path in ("/orders", "/users", "/auth/api-keys", "/audit", "/health/ready"):
            await self.ask("GET", path, None, staff)
        await self.client.get("/metrics", headers={"authorization": f"Bearer {METRICS}"})
        await self.ask("GET", "/products", None, {"authorization": f"Bearer {METRICS}x"})
        await self.settle()


def _plain(path: Path) -> str:
    return path.read_text().replace("=\n", "")


def canary_settings(tmp_path: Path, **more: Any) -> Settings:
    return Settings(
        data_dir=str(tmp_path / "data"),
        secret=SHOP_SECRET,
        metrics_token=METRICS,
        search_refresh_seconds=0.0,
        log_format="json",
        **more,
    )


@asynccontextmanager
async def playing(settings: Settings, log: Log, canaries: Canaries) -> AsyncIterator[Play]:
    folder = Path(settings.data_dir)
    ensure_keys(folder)
    # On PostgreSQL the worker is told through the queue.
    app = App(settings, deliver_here=settings.storage == "memory")
    app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    keys = load_keys(settings)
    private = keys.signing.signing(app.infra.clock().now()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    canaries.secrets["the signing key"] = private.decode().splitlines()[1]
    async with AsgiClient(fresh(settings, app, log.writer)) as client:
        play = Play(app, client, folder / "mail", canaries)
        await play.world.stock_up()
        yield play
