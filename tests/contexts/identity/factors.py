"""What people do with second factors in several tests: steps over HTTP."""

import pyotp

from tests.contexts.identity.conftest import PASSWORD, bearer

EMAIL = "ada@example.com"


async def post(client, path, body=None, tokens=None, status=200):
    answer = await client.post(path, json=body, headers=bearer(tokens) if tokens else {})
    assert answer.status_code == status, (path, answer.status_code, answer.text)
    return answer.json() if answer.content else None


async def refusal(client, path, body, tokens=None):
    """Status and slug."""
    answer = await client.post(path, json=body, headers=bearer(tokens) if tokens else {})
    return answer.status_code, answer.json().get("slug")


def sign_in(client, email=EMAIL, password=PASSWORD):
    return post(client, "/auth/login", {"email": email, "password": password})


def code(secret, shop, steps=0):
    """The code that the app shows, `steps` times 30 seconds from now."""
    return pyotp.TOTP(secret).at(int(shop.clock.now().timestamp()) + 30 * steps)


async def with_totp(client, shop, tokens):
    """The secret and the recovery codes. The code of the present step is spent."""
    new = await post(client, "/auth/mfa/totp", tokens=tokens)
    made = await post(client, "/auth/mfa/totp/confirm", {"code": code(new["secret"], shop)}, tokens)
    return new["secret"], made["recovery_codes"]


async def with_passkey(client, device, tokens, name="laptop", **kwargs):
    options = await post(client, "/auth/passkeys/registration", tokens=tokens)
    body = {"name": name, "credential": device.create(options, **kwargs)}
    return await post(client, "/auth/passkeys", body, tokens, status=201)


async def answer(client, asked, **factor):
    return await post(client, "/auth/mfa/challenge", {"mfa_token": asked["mfa_token"], **factor})
