"""A browser, as strict as the standards allow, in front of an ASGI application.

`Browser(client, "https://api.shop.example")` holds cookies (RFC 6265bis); `page(origin)` is a page in it whose scripts
fetch (Fetch standard: preflight, what may be read) and whose forms are sent. What a real browser would keep from the
page raises Blocked.
"""

from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tests.support.asgi import Answer, AsgiClient

_SIMPLE_TYPES = {"text/plain", "multipart/form-data", "application/x-www-form-urlencoded"}
_SIMPLE_HEADERS = {"accept", "accept-language", "content-language", "content-type"}
_SIMPLE_METHODS = {"GET", "HEAD", "POST"}


class Blocked(Exception):
    """The script of the page gets a TypeError and nothing else."""


class Cookie(msgspec.Struct, frozen=True):
    value: str
    same_site: str
    http_only: bool
    secure: bool


def site_of(origin: str) -> tuple[str, str]:
    """The scheme and the registrable domain, here always of two labels."""
    parts = urlsplit(origin)
    return parts.scheme, ".".join((parts.hostname or "").split(".")[-2:])


class Browser:
    def __init__(self, client: AsgiClient, api: str) -> None:
        self.client = client
        self.api = api
        self.cookies: dict[str, Cookie] = {}
        self.ignored: list[str] = []

    def page(self, origin: str) -> "Page":
        return Page(self, origin)

    async def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None, cookies: bool) -> Answer:
        sent = {"host": urlsplit(self.api).netloc} | headers
        if cookies and (kept := self._sent_to_api(headers.get("origin", ""), method)):
            sent["cookie"] = kept
        answer = await self.client.request(method, path, headers=sent, body=body)
        if cookies:
            for name, value in answer.headers:
                if name == b"set-cookie":
                    self._store(value.decode("latin-1"))
        return answer

    def _sent_to_api(self, origin: str, method: str) -> str:
        same_site = origin == "" or site_of(origin) == site_of(self.api)
        return "; ".join(
            f"{name}={cookie.value}" for name, cookie in self.cookies.items() if same_site or cookie.same_site == "none"
        )

    def _store(self, line: str) -> None:
        ((name, morsel),) = SimpleCookie(line).items()
        https = self.api.startswith("https:")
        secure = bool(morsel["secure"])
        good = not secure or https
        if name.startswith("__Host-"):
            good = good and secure and morsel["path"] == "/" and not morsel["domain"]
        if not good:
            self.ignored.append(line)
        elif morsel["max-age"] == "0":
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = Cookie(
                morsel.value, (morsel["samesite"] or "lax").lower(), bool(morsel["httponly"]), secure
            )


class Page:
    def __init__(self, browser: Browser, origin: str) -> None:
        self.browser = browser
        self.origin = origin

    def document_cookie(self) -> list[str]:
        """What a script can read, were it a page of the API's own host."""
        return [name for name, cookie in self.browser.cookies.items() if not cookie.http_only]

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
    ) -> Answer:
        """`fetch(…, {credentials: "include"})`. Raises Blocked when the browser gives the script nothing."""
        given = {name.lower(): value for name, value in (headers or {}).items()}
        if json is not None:
            body = msgspec.json.encode(json)
            given.setdefault("content-type", "application/json")
        cross = self.origin != self.browser.api
        if cross and not _is_simple(method, given):
            await self._preflight(method, path, given)
        said = {"origin": self.origin} if cross or method not in ("GET", "HEAD") else {}
        answer = await self.browser.send(method, path, given | said, body, cookies=True)
        if cross:
            self._must_be_readable(answer)
        return answer

    async def form(self, path: str, kind: str, body: bytes) -> Answer:
        """A form that a script sends off; the page is left, and cannot see the answer."""
        sent = {"origin": self.origin, "content-type": kind}
        return await self.browser.send("POST", path, sent, body, cookies=True)

    async def _preflight(self, method: str, path: str, headers: dict[str, str]) -> None:
        wanted = sorted(
            set(headers) - (_SIMPLE_HEADERS if _simple_type(headers) else _SIMPLE_HEADERS - {"content-type"})
        )
        asked = {
            "origin": self.origin,
            "access-control-request-method": method,
            "access-control-request-headers": ",".join(wanted),
        }
        answer = await self.browser.send("OPTIONS", path, asked, None, cookies=False)
        self._must_be_readable(answer)
        allowed = _list(answer, "access-control-allow-headers")
        methods = {*_list(answer, "access-control-allow-methods"), *(name.lower() for name in _SIMPLE_METHODS)}
        if not 200 <= answer.status < 300 or not set(wanted) <= allowed or method.lower() not in methods:
            raise Blocked(f"preflight of {method} {path}: {answer}")

    def _must_be_readable(self, answer: Answer) -> None:
        # With credentials a star is no match.
        credentials = answer.header("access-control-allow-credentials") == "true"
        if answer.header("access-control-allow-origin") != self.origin or not credentials:
            raise Blocked(f"{self.origin} may not read {answer.status}")


def _simple_type(headers: dict[str, str]) -> bool:
    return headers.get("content-type", "text/plain").partition(";")[0].strip().lower() in _SIMPLE_TYPES


def _is_simple(method: str, headers: dict[str, str]) -> bool:
    return method in _SIMPLE_METHODS and set(headers) <= _SIMPLE_HEADERS and _simple_type(headers)


def _list(answer: Answer, name: str) -> set[str]:
    return {part.strip().lower() for part in (answer.header(name) or "").split(",")}
