"""A real browser: the script of docs/browsers.md on a page of the shop, then pages of a neighbour and of a stranger.

The names lead to this machine, with https, so that cookies, sites and origins are those of a shop in production. What
the browser of the other tests (`tests/support/browser.py`) believes is shown here to be true.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from merx.bootstrap.container import App
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.settings import Settings
from tests.support.stage import staged
from tests.support.tls import certificate, https

pytestmark = pytest.mark.services

DOCS = Path(__file__).parents[2] / "docs" / "browsers.md"
PASSWORD = "correct horse battery"
API, FRONT, NEIGHBOUR, STRANGER = "api.shop.example", "www.shop.example", "blog.shop.example", "www.evil.example"
BROWSER = next(filter(None, map(shutil.which, (os.environ.get("MERX_TEST_CHROMIUM", "chromium"), "google-chrome"))), "")

SHOP = f"""
const out = await signIn("ada@example.com", "{PASSWORD}");
await say("signed in", out.status);
await say("name", (await (await call("GET", "/users/me")).json()).name);
await say("renamed", (await call("PATCH", "/users/me", {{ json: {{ name: "Ada L." }} }})).status);
csrf = null; // as after a reload
const again = await call("PATCH", "/users/me", {{ json: {{ name: "Ada Lovelace" }} }});
await say("renamed after a reload", again.status);
await say("reads", [again.headers.get("etag") !== null, again.headers.get("x-request-id") !== null]);
csrf = null;
await say("renewed", await renew());
await say("sees", document.cookie);
location = "https://{NEIGHBOUR}/attack";
"""
# Whoever gets through says what it got.
ATTACK = """
const API = "https://%s/api/v1";
for (const name of ["__Host-merx-access", "__Host-merx-refresh", "__Secure-merx-access", "merx-access", "csrftoken"])
  document.cookie = `${name}=planted; Domain=${location.host.split(".").slice(-2).join(".")}; Path=/; Secure`;
await say("planted", document.cookie);
const tried = async (path, options) => {
  try { const answer = await fetch(API + path, { credentials: "include", ...options }); return answer.type; }
  catch { return "blocked"; }
};
const json = { "Content-Type": "application/json" };
await say("read", await tried("/users/me", {}));
await say("csrf", await tried("/auth/csrf", {}));
await say("patch", await tried("/users/me", { method: "PATCH", headers: json, body: '{"name":"Mallory"}' }));
const login = { method: "POST", headers: { ...json, "X-Token-Mode": "cookie" }, body: "{}" };
await say("login", await tried("/auth/login", login));
await say("blind", await tried("/auth/logout-all", { method: "POST", mode: "no-cors", body: "{}" }));
for (const kind of ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]) {
  const frame = Object.assign(document.createElement("iframe"), { name: "f" + kind });
  const form = Object.assign(document.createElement("form"), {
    method: "POST", enctype: kind, target: frame.name, action: API + "/users/me/addresses" });
  form.append(Object.assign(document.createElement("input"), { name: '{"a":"', value: '"}' }));
  document.body.append(frame, form);
  const loaded = new Promise((done) => { frame.onload = done; setTimeout(done, 3000); });
  form.submit();
  await loaded;
}
location = "https://%s";
"""
END = """
await say("name at the end", (await (await call("GET", "/users/me")).json()).name);
await say("signed out", (await signOut()).status);
await say("afterwards", (await call("GET", "/users/me")).status);
await say("done", true);
"""


class Seen(msgspec.Struct, frozen=True):
    """A request that reached the API."""

    method: str
    path: str
    origin: str
    cookies: tuple[str, ...]
    status: int


class Recorded:
    """The API, and what was asked of it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.seen: list[Seen] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                cookies = tuple(part.strip().partition("=")[0] for part in headers.get("cookie", "").split(";"))
                origin = headers.get("origin", "").removeprefix("https://")
                self.seen.append(Seen(scope["method"], scope["path"], origin, cookies, message["status"]))
            await send(message)

        await self._app(scope, receive, sent)


class Pages:
    """The other hosts: pages whose scripts `say` what they found."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}
        self.done = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"])[b"host"].decode()
        if scope["method"] == "POST":
            body = (await receive())["body"]
            name, value = msgspec.json.decode(body)
            self.said[f"{host}: {name}"] = value
            if name == "done":
                self.done.set()
        page = self._page(host, scope["path"]).encode()
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(page))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page})

    @staticmethod
    def _page(host: str, path: str) -> str:
        (documented,) = re.findall(r"```js\n(.*?)```", DOCS.read_text(), re.DOTALL)
        own, script = {
            (FRONT, "/start"): (documented, SHOP),
            (NEIGHBOUR, "/attack"): ("", ATTACK % (API, f"{STRANGER}/attack")),
            (STRANGER, "/attack"): ("", ATTACK % (API, f"{FRONT}/end")),
            (FRONT, "/end"): (documented, END),
        }.get((host, path), ("", ""))
        say = "const say = (...told) => fetch('/say', { method: 'POST', body: JSON.stringify(told) });"
        run = f"(async () => {{ {script} }})().catch((error) => say('failed', String(error)));"
        return f"<!doctype html><body><script>{own}\n{say}\n{run}</script>"


@pytest.fixture
async def browsed(tmp_path: Path) -> AsyncIterator[tuple[dict[str, Any], list[Seen]]]:
    """What the pages said and what the API saw, when the browser has been everywhere."""
    if not BROWSER:
        pytest.skip("no Chromium on this machine; MERX_TEST_CHROMIUM names one")
    settings = Settings(storage="memory", public_url=f"https://{API}", cors_origins=(f"https://{FRONT}",))
    shop = App(settings)
    await shop.contexts.identity.ensure_account()("ada@example.com", "Ada", AccountKind.customer, (), PASSWORD)
    api, pages, files = Recorded(staged(settings, shop)), Pages(), certificate(tmp_path)
    async with https(api, files) as api_port, https(pages, files) as page_port:
        rules = [f"MAP {API} 127.0.0.1:{api_port}"]
        rules += [f"MAP {host} 127.0.0.1:{page_port}" for host in (FRONT, NEIGHBOUR, STRANGER)]
        process = await asyncio.create_subprocess_exec(
            BROWSER, "--headless", "--disable-gpu", "--no-first-run", "--ignore-certificate-errors",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            f"--user-data-dir={tmp_path / 'profile'}", f"--host-resolver-rules={', '.join(rules)}",
            f"https://{FRONT}/start",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(60):
                await pages.done.wait()
        finally:
            process.terminate()
            await process.wait()
    yield pages.said, api.seen
    await shop.close()


async def test_s21_s22_in_a_real_browser(browsed: tuple[dict[str, Any], list[Seen]]):
    said, seen = browsed
    for name, value in {
        "signed in": 200, "name": "Ada", "renamed": 200, "renamed after a reload": 200, "reads": [True, True],
        "renewed": True, "sees": "", "name at the end": "Ada Lovelace", "signed out": 204, "afterwards": 401,
    }.items():  # fmt: skip
        assert said.get(f"{FRONT}: {name}") == value, (name, said)
    for host in (NEIGHBOUR, STRANGER):
        for name in ("read", "csrf", "patch", "login"):
            assert said[f"{host}: {name}"] == "blocked", (host, name)
        # The request goes out, and its answer is nobody's to read.
        assert said[f"{host}: blind"] == "opaque"
        assert "__Host-" not in said[f"{host}: planted"], "the browser lets nobody plant these"
        assert "merx-access=planted" in said[f"{host}: planted"], "and others it does"

    attacks = [each for each in seen if each.method == "POST" and each.origin in (NEIGHBOUR, STRANGER)]
    by_neighbour = [each for each in attacks if each.origin == NEIGHBOUR]
    by_stranger = [each for each in attacks if each.origin == STRANGER]
    # A fetch and three forms each. The neighbour's carry the cookies of whoever is signed in, and are refused.
    assert len(by_neighbour) == len(by_stranger) == 4
    assert all("__Host-merx-access" in each.cookies and each.status == 403 for each in by_neighbour), by_neighbour
    assert all("__Host-merx-access" not in each.cookies for each in by_stranger), by_stranger
    assert {each.status for each in by_stranger} <= {401, 415}
    assert not [each for each in seen if each.method == "PATCH" and each.origin != FRONT], "preflights were refused"
