"""Codes and new passwords as a client meets them."""

import pytest

from tests.contexts.identity.conftest import PASSWORD, signed_in
from tests.contexts.identity.journeys import NEW_PASSWORD, RESET, VERIFY, code, deliver

NEW = {"email": "new@example.com", "password": PASSWORD, "name": "New"}


async def mailed(shop, purpose):
    (event,) = await deliver(shop)
    return code(shop, purpose, event.code_id)


async def test_verify_resend_forgot_reset(client, memory_shop):
    await client.post("/auth/register", json=NEW)
    text = code(memory_shop, VERIFY, memory_shop.events[-1].code_id)
    resent = await client.post("/auth/verify-email/resend", json={"email": NEW["email"]})
    assert (resent.status_code, resent.json()) == (202, {"status": "accepted"})
    verified = await client.post("/auth/verify-email", json={"code": text})
    assert (verified.status_code, verified.content) == (204, b"")
    tokens = await signed_in(client)
    memory_shop.events.clear()
    forgot = await client.post("/auth/password/forgot", json={"email": NEW["email"]})
    assert (forgot.status_code, forgot.json()) == (202, {"status": "accepted"})
    text = await mailed(memory_shop, RESET)
    changed = await client.post("/auth/password/reset", json={"code": text, "password": NEW_PASSWORD})
    assert (changed.status_code, changed.content) == (204, b"")
    assert await signed_in(client, password=NEW_PASSWORD)
    refused = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refused.status_code == 401


@pytest.mark.parametrize(("path", "more"), [("verify-email", {}), ("password/reset", {"password": NEW_PASSWORD})])
async def test_s06_a_code_that_is_not_good_is_400(client, memory_shop, path, more):
    await client.post("/auth/register", json=NEW)
    text = code(memory_shop, VERIFY, memory_shop.events[-1].code_id)
    await client.post("/auth/verify-email", json={"code": text})
    for wrong in ("x", "mx_otc_" + "A" * 65, text):
        answer = await client.post(f"/auth/{path}", json={"code": wrong, **more})
        assert (answer.status_code, answer.json()["slug"]) == (400, "identity.invalid-code")


@pytest.mark.parametrize("path", ["password/forgot", "verify-email/resend"])
async def test_s05_a_known_and_an_unknown_email_get_the_same_answer(client, memory_shop, path):
    await memory_shop.customer("known@example.com")
    answers = [
        await client.post(f"/auth/{path}", json={"email": email}) for email in ("known@example.com", "no@example.com")
    ]
    assert answers[0].content == answers[1].content
    assert [answer.status_code for answer in answers] == [202, 202]
    assert set(answers[0].headers) == set(answers[1].headers)


async def test_a_confirmation_sent_again_gets_its_answer_again(client, memory_shop):
    await client.post("/auth/register", json=NEW)
    body = {"code": code(memory_shop, VERIFY, memory_shop.events[-1].code_id)}
    headers = {"Idempotency-Key": "a key of sixteen or more"}
    first = await client.post("/auth/verify-email", json=body, headers=headers)
    second = await client.post("/auth/verify-email", json=body, headers=headers)
    assert [first.status_code, second.status_code] == [204, 204]
    assert second.headers["idempotency-replayed"] == "true"
    assert (await client.post("/auth/verify-email", json=body)).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("verify-email", {}),
        ("verify-email", {"code": ""}),
        ("verify-email", {"code": "x" * 129}),
        ("verify-email/resend", {"email": "no address"}),
        ("password/forgot", {"email": "a@b.example\r\nBcc: c@d.example"}),
        ("password/forgot", {}),
        ("password/reset", {"code": "x", "password": "seven77"}),
        ("password/reset", {"code": "x", "password": "x" * 257}),
        ("password/reset", {"password": NEW_PASSWORD}),
    ],
)
async def test_malformed_input_is_refused(client, path, body):
    answer = await client.post(f"/auth/{path}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_s03_a_huge_password_never_reaches_the_hash(client):
    answer = await client.post("/auth/password/reset", json={"code": "x", "password": "x" * 1_000_000})
    assert answer.status_code == 413
    # Nor does one that fits into a body, at any door.
    bodies = {
        "/auth/register": NEW | {"password": "x" * 257},
        "/auth/login": {"email": NEW["email"], "password": "x" * 257},
        "/auth/password/reset": {"code": "x", "password": "x" * 257},
        "/auth/invitations/accept": {"code": "x", "name": "Eve", "password": "x" * 257},
    }
    found = {path: await client.post(path, json=body) for path, body in bodies.items()}
    assert {path: (answer.status_code, answer.json()["slug"]) for path, answer in found.items()} == dict.fromkeys(
        bodies, (400, "request.invalid")
    )


async def test_s26_no_code_and_no_password_comes_back_or_reaches_a_log(client, memory_shop, capfd):
    await client.post("/auth/register", json=NEW)
    text = code(memory_shop, VERIFY, memory_shop.events[-1].code_id)
    answers = [
        await client.post("/auth/password/reset", json={"code": text, "password": NEW_PASSWORD}),
        await client.post("/auth/verify-email", json={"code": text}),
        await client.post("/auth/verify-email", json={"code": text}),
    ]
    written = "".join(capfd.readouterr())
    for secret in (text, NEW_PASSWORD, PASSWORD):
        assert secret not in written + "".join(answer.text for answer in answers)
    # S27: neither does the address of anybody.
    assert NEW["email"] not in written
