"""A realm for one run of the tests, as an operator of a shop sets it up, and its login form as people use it."""

import html
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support.keycloak.server import KeycloakServer

CLIENT_ID = "merx"
# The one address that Keycloak sends browsers back to.
CALLBACK = "http://localhost:8000/api/v1/auth/oidc/keycloak/callback"
PASSWORD = "a password at Keycloak"


@dataclass(frozen=True)
class Realm:
    server: KeycloakServer
    name: str
    client_secret: str = field(repr=False)

    @property
    def issuer(self) -> str:
        return f"{self.server.url}/realms/{self.name}"


def person(username: str, name: str, *, verified: bool = True) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    return {
        "username": username,
        "email": f"{username}@example.com",
        "emailVerified": verified,
        "enabled": True,
        "firstName": first,
        "lastName": last,
        "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
    }


PEOPLE = [person("ada", "Ada Lovelace"), person("eve", "Eve Unproved", verified=False)]


@pytest.fixture(scope="session")
def realm(keycloak: KeycloakServer) -> Iterator[Realm]:
    made = Realm(keycloak, f"shop-{secrets.token_hex(4)}", secrets.token_urlsafe(24))
    client = {
        "clientId": CLIENT_ID,
        "secret": made.client_secret,
        "publicClient": False,
        "standardFlowEnabled": True,
        "directAccessGrantsEnabled": False,
        "redirectUris": [CALLBACK],
        "attributes": {"pkce.code.challenge.method": "S256"},
    }
    administer(keycloak, "POST", "", {"realm": made.name, "enabled": True, "clients": [client], "users": PEOPLE})
    yield made
    administer(keycloak, "DELETE", f"/{made.name}")


def administer(server: KeycloakServer, method: str, path: str, body: Any = None) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as http:
        form = {
            "grant_type": "password",
            "client_id": "admin-cli",
            "username": server.admin,
            "password": server.password,
        }
        token = http.post("/realms/master/protocol/openid-connect/token", data=form)
        assert token.status_code == 200, f"Keycloak does not know its admin: {token.text}"
        sent = {"authorization": f"Bearer {token.json()['access_token']}"}
        answer = http.request(method, f"/admin/realms{path}", json=body, headers=sent)
        assert answer.is_success, answer.text


@dataclass
class LoginForm:
    """What a browser holds of Keycloak between the page and its answer.

    Keycloak marks its cookies `Secure`, also on plain http: browsers send them to this machine all the same, httpx does
    not.
    """

    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=30))

    async def open(self, url: str) -> httpx.Response:
        return await self.http.get(url)

    async def submit(self, page: httpx.Response, username: str, password: str) -> httpx.Response:
        """302 to the shop when Keycloak lets the person in, 200 with the form again when it does not."""
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None, page.text
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)
        form = {"username": username, "password": password, "credentialId": ""}
        return await self.http.post(html.unescape(action[1]), data=form, headers={"cookie": cookies})
