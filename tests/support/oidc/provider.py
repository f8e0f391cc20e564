"""The provider as an ASGI application: in the same process behind a transport, or on loopback behind a server.

It refuses what a good provider refuses: an address that is not exactly the registered one, no PKCE or the plain one, a
code that was used, a shop that does not prove itself. `trouble` names what it does wrong, `""` for nothing.
"""

import asyncio
import base64
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode

import msgspec
from joserfc.jwk import ECKey

from merx.contexts.identity.domain.provider_sign_in import challenge_of
from tests.support.oidc.id_tokens import id_token, rsa_key, short_key

ISSUER = "https://login.example"
CLIENT_ID, CLIENT_SECRET = "merx shop", "s3cr+t/of%the shop:9Qk"
ADA = {"sub": "ada-1", "email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}

Reply = tuple[int, dict[str, str], bytes]


def as_json(value: Any, status: int = 200) -> Reply:
    return status, {"content-type": "application/json"}, msgspec.json.encode(value)


class Refusal(Exception):
    """An error of RFC 6749 §5.2."""


class StrictProvider:
    """`person` is who sits in front of the browser; `requests` are the paths that were asked for."""

    def __init__(
        self,
        issuer: str = ISSUER,
        callbacks: tuple[str, ...] = ("http://localhost:8000/api/v1/auth/oidc/login/callback",),
        now: Callable[[], float] = time.time,
    ) -> None:
        self.issuer = issuer
        self.client_id, self.client_secret = CLIENT_ID, CLIENT_SECRET
        self.callbacks = callbacks
        self.now = now
        self.person: dict[str, Any] = dict(ADA)
        self.trouble = ""
        self.requests: list[str] = []
        self.in_userinfo = False
        self.codes: dict[str, dict[str, str]] = {}
        self.used: set[str] = set()
        self.access_tokens: dict[str, dict[str, Any]] = {}
        self.released = asyncio.Event()
        self.key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

    def rotate(self) -> None:
        self.key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.requests.append(scope["path"])
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        work = {
            "/.well-known/openid-configuration": self._discovery,
            "/authorize": lambda: self._authorize(query),
            "/token": lambda: self._token(headers, body.decode()),
            "/jwks": self._jwks,
            "/userinfo": lambda: self._userinfo(headers),
        }.get(scope["path"])
        status, answered, content = (404, {}, b"") if work is None else self._at_work(scope["path"], work)
        await self._send(scope["path"], send, status, answered, content)

    def _at_work(self, path: str, work: Callable[[], Reply]) -> Reply:
        place, _, what = self.trouble.partition(" ")
        if place != path.rpartition("/")[2]:
            return work()
        return {
            "500": lambda: (500, {}, b"oops"),
            "404": lambda: (404, {}, b""),
            "html": lambda: (200, {"content-type": "text/html"}, b"<h1>Log in</h1>"),
            "huge": lambda: (200, {"content-type": "application/json"}, b" " * (5 * 1024 * 1024)),
            "deep": lambda: (200, {"content-type": "application/json"}, b"[" * 100_000),
            "list": lambda: as_json([]),
            "empty": lambda: as_json({}),
            "redirect": lambda: (302, {"location": f"{self.issuer}/elsewhere"}, b""),
            "gzip": lambda: (200, {"content-type": "application/json", "content-encoding": "gzip"}, b"\x1f\x8b" * 50),
            "429": lambda: (429, {}, b""),
            "slow": work,
            "drip": work,
        }[what]()

    async def _send(self, path: str, send: Any, status: int, headers: dict[str, str], content: bytes) -> None:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        place, _, what = self.trouble.partition(" ")
        here = place == path.rpartition("/")[2]
        if here and what == "slow":
            await self.released.wait()
        await send({"type": "http.response.start", "status": status, "headers": raw})
        if here and what == "drip":
            while not self.released.is_set():
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
                await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": content})

    def _discovery(self) -> Reply:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return as_json(document | self._lies())

    def _lies(self) -> dict[str, Any]:
        return {
            "document other-issuer": {"issuer": "https://other.example"},
            "document issuer-with-slash": {"issuer": f"{self.issuer}/"},
            "document plain-token-endpoint": {"token_endpoint": "http://login.example/token"},
            "document plain-keys": {"jwks_uri": "http://login.example/jwks"},
            "document script-page": {"authorization_endpoint": "javascript:alert(1)//login.example"},
            "document file-keys": {"jwks_uri": "file:///etc/passwd"},
            "document account-in-address": {"token_endpoint": "https://me:pw@login.example/token"},
            "document none-allowed": {"id_token_signing_alg_values_supported": ["none", "HS256"]},
        }.get(self.trouble, {})

    def _authorize(self, query: str) -> Reply:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
        given = dict(pairs)
        if given.get("client_id") != CLIENT_ID or given.get("redirect_uri") not in self.callbacks:
            return 400, {}, b"unknown client or address"
        bad = (
            len(pairs) != len(given)
            or given.get("response_type") != "code"
            or "openid" not in given.get("scope", "").split()
            or given.get("code_challenge_method") != "S256"
            or len(given.get("code_challenge", "")) != 43
            or len(given.get("state", "")) < 43
            or len(given.get("nonce", "")) < 43
        )
        answer = {"state": given.get("state", "")}
        if bad:
            answer["error"] = "invalid_request"
        elif self.trouble == "declined":
            answer |= {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
        else:
            code = secrets.token_urlsafe(24)
            self.codes[code] = given | {"at": str(self.now())}
            answer["code"] = code
        answer |= {
            "": {"iss": self.issuer},
            "answers-as-another": {"iss": "https://other.example"},
            "answers-without-iss": {},
        }.get(self.trouble, {"iss": self.issuer})
        return 302, {"location": f"{given['redirect_uri']}?{urlencode(answer)}"}, b""

    def _token(self, headers: dict[str, str], body: str) -> Reply:
        try:
            return as_json(self._traded(headers, body))
        except Refusal as refusal:
            return as_json({"error": str(refusal)}, 400)

    def _traded(self, headers: dict[str, str], body: str) -> dict[str, Any]:
        form = {name: values[0] for name, values in parse_qs(body, strict_parsing=True).items() if len(values) == 1}
        kind, _, proof = headers.get("authorization", "").partition(" ")
        client, _, secret = base64.b64decode(proof or "Og==").decode().partition(":")
        if kind != "Basic" or (unquote_plus(client), unquote_plus(secret)) != (CLIENT_ID, CLIENT_SECRET):
            raise Refusal("invalid_client")
        asked = self.codes.get(form.get("code", ""))
        if form.get("grant_type") != "authorization_code" or asked is None or form["code"] in self.used:
            raise Refusal("invalid_grant")
        self.used.add(form["code"])
        if form.get("redirect_uri") != asked["redirect_uri"] or self.now() - float(asked["at"]) > 60:
            raise Refusal("invalid_grant")
        if challenge_of(form.get("code_verifier", "")) != asked["code_challenge"]:
            raise Refusal("invalid_grant")
        access = secrets.token_urlsafe(24)
        self.access_tokens[access] = self.person
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300}
        if self.trouble == "token-of-another-kind":
            answer["token_type"] = "mac"
        if self.trouble != "no-id-token":
            answer["id_token"] = id_token(self, asked["nonce"], access)
        return answer

    def _jwks(self) -> Reply:
        key = self.key.as_dict(private=False)
        wrong = {
            "keys symmetric": [{"kty": "oct", "k": "c2VjcmV0", "kid": self.key.kid}],
            "keys for-encryption": [key | {"use": "enc"}],
            "keys of-another-algorithm": [key | {"alg": "ES512"}],
            "keys short": [short_key().as_dict(private=False)],
            "keys none": [],
            "keys nonsense": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": self.key.kid}, {"kty": 7}, {}],
        }
        if self.trouble == "signed-with-rsa":
            return as_json({"keys": [key, rsa_key().as_dict(private=False)]})
        return as_json({"keys": wrong.get(self.trouble, [key])})

    def _userinfo(self, headers: dict[str, str]) -> Reply:
        person = self.access_tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        if person is None:
            return 401, {"www-authenticate": "Bearer"}, b""
        if self.trouble == "speaks-of-another":
            return as_json(person | {"sub": "somebody-else"})
        return as_json(person)
