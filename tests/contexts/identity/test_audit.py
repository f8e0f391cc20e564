"""What happens at the doors is in the trail, and nobody can fill it."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest

from merx.contexts.audit.adapters.memory import MemoryAuditQueries
from merx.contexts.audit.adapters.postgres import PostgresAuditQueries
from merx.contexts.audit.ports.queries import AuditFilter, AuditView
from merx.contexts.identity.domain.api_key import new_key_text
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import (
    InvalidApiKey,
    InvalidCredentials,
    InvalidRefreshToken,
    WrongFactor,
    WrongPassword,
)
from merx.contexts.identity.domain.refusals import MOST_ALIKE, MOST_KNOWN, MOST_UNKNOWN, WINDOW, RefusalBudget
from merx.contexts.identity.domain.session import GRACE
from merx.contexts.identity.usecases.api_keys import MakeApiKey
from merx.contexts.identity.usecases.ask_for_code import AskForCode
from merx.contexts.identity.usecases.change_password import ChangePassword
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.refresh import Refresh
from merx.contexts.identity.usecases.register import Register
from merx.contexts.identity.usecases.totp import ConfirmTotp
from merx.infra.audit.memory import ENTRIES
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import RateLimited
from tests.contexts.identity.conftest import PASSWORD, Shop, Source
from tests.support.stage import staged

HERE = Caller("192.0.2.7", "pytest", "r-7")


async def trail(shop: Shop, action: str = "identity") -> list[AuditView]:
    """Oldest first."""
    infra = shop.infra
    queries = MemoryAuditQueries(infra.store()) if shop.storage == "memory" else PostgresAuditQueries(infra.reader())
    return (await queries.page(AuditFilter(action=action, limit=100))).items[::-1]


async def refused(shop: Shop, email: str, caller: Caller = HERE) -> type[Exception]:
    with pytest.raises((InvalidCredentials, RateLimited)) as caught:
        await shop.container.login()(Login(email=email, password="wrong password"), caller)
    return caught.type


async def test_a_sign_in_names_the_account_its_session_and_from_where(shop: Shop):
    account_id = await shop.customer()
    await shop.container.login()(Login(email="ada@example.com", password=PASSWORD), HERE)
    (row,) = await trail(shop, "identity.signed-in")
    assert (row.actor_kind, row.actor_id, row.target_id) == (ActorKind.customer, account_id, str(account_id))
    assert (row.client, row.request_id) == ("192.0.2.7", "r-7")
    (session,) = await shop.container.queries().sessions(account_id, shop.clock.now())
    assert row.changes["session_id"].after == str(session.id)


async def test_a_refusal_names_the_account_or_a_digest_and_never_the_email(shop: Shop):
    account_id = await shop.customer()
    await refused(shop, "ada@example.com")
    await refused(shop, "nobody@example.com")
    await refused(shop, "NOBODY@example.com")
    known, unknown, again = await trail(shop, "identity.sign-in-refused")
    assert (known.actor_kind, known.target, known.target_id) == (ActorKind.anonymous, "account", str(account_id))
    assert (unknown.target, unknown.target_id) == ("email", again.target_id)
    assert "nobody" not in str(unknown)


async def test_s25_behind_a_proxy_it_is_the_caller_who_is_written_down_and_counted(memory_shop: Shop):
    """Else all callers were one, and a stranger who guesses would keep everybody out."""
    app = staged(Settings(storage="memory", trusted_proxies=1), Source(memory_shop))
    transport = httpx.ASGITransport(app, client=("10.0.0.1", 1234))
    await memory_shop.customer()
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:

        async def login(password: str, address: str) -> int:
            body = {"email": "ada@example.com", "password": password}
            forged = {"x-forwarded-for": f"203.0.113.9, {address}"}
            return (await client.post("/auth/login", json=body, headers=forged)).status_code

        guessed = [await login("wrong password", "198.51.100.7") for _ in range(10)]
        assert (guessed[0], guessed[-1]) == (401, 429)
        assert await login(PASSWORD, "198.51.100.8") == 200
    clients = {row.action: row.client for row in await trail(memory_shop)}
    assert clients["identity.sign-in-refused"] == "198.51.100.7"
    assert clients["identity.signed-in"] == "198.51.100.8"


async def test_refusals_are_bounded_and_the_lock_out_is_told_once_in_a_while(shop: Shop):
    await shop.customer()
    kinds = [await refused(shop, "ada@example.com") for _ in range(40)]
    assert kinds.count(InvalidCredentials) < 10
    assert len(await trail(shop, "identity.sign-in-refused")) == kinds.count(InvalidCredentials)
    assert len(await trail(shop, "identity.sign-in-throttled")) == MOST_ALIKE


async def test_a_flood_of_made_up_emails_leaves_room_for_those_who_got_halfway(memory_shop: Shop):
    shop = memory_shop
    account_id = await shop.customer()
    notes = shop.container.refusals()
    for number in range(MOST_UNKNOWN + 50):
        await notes.email(HERE.anonymous(), "identity.sign-in-refused", f"made-up-{number}@example.com")
    await notes.account(HERE.anonymous(), "identity.second-factor-refused", account_id)
    newest = (await trail(shop))[-1]
    assert newest.target_id == str(account_id)
    shop.clock.advance(WINDOW)
    await notes.email(HERE.anonymous(), "identity.sign-in-refused", "one-more@example.com")
    assert (await trail(shop))[-1].changes["left_out"].after == 50


@pytest.mark.parametrize("used_up", [0, MOST_UNKNOWN])
async def test_s05_a_wrong_password_writes_as_much_with_an_account_as_without(memory_shop: Shop, used_up: int):
    """A row is a commit that the answer waits for. Made-up e-mails come first, real ones too: neither uses up more."""
    shop = memory_shop
    emails = {known: [f"{known}-{number}@example.com" for number in range(5)] for known in (True, False)}
    for email in emails[True]:
        await shop.customer(email)
    notes = shop.container.refusals()
    for number in range(used_up):
        await notes.email(HERE.anonymous(), "identity.sign-in-refused", f"made-up-{number}@example.com")
    written = dict.fromkeys(emails, 0)
    for number in range(5):
        for known, typed in emails.items():
            before = rows(shop)
            assert await refused(shop, typed[number], Caller(f"198.51.100.{number}", "")) is InvalidCredentials
            written[known] += rows(shop) - before
    assert written == dict.fromkeys(emails, 0 if used_up else 5)


def rows(shop: Shop) -> int:
    return len(shop.infra.store().table(ENTRIES))


def test_the_budget_of_an_hour():
    budget, now = RefusalBudget(), datetime(2031, 1, 1, tzinfo=UTC)
    taken = [budget.take("refused", "ada", now, known=True) for _ in range(MOST_ALIKE + 5)]
    assert taken == [0] * MOST_ALIKE + [None] * 5
    assert budget.take("refused", "bob", now, known=True) == 5
    others = [budget.take("refused", f"n{n}", now, known=True) for n in range(2 * MOST_KNOWN)]
    assert sum(one is not None for one in others) == MOST_KNOWN - MOST_ALIKE - 1
    later = budget.take("refused", "ada", now + WINDOW, known=True)
    assert later is not None
    assert later > 0


async def test_a_copied_refresh_token(shop: Shop):
    account_id = await shop.customer()
    tokens = await shop.container.login()(Login(email="ada@example.com", password=PASSWORD), HERE)
    refresh = shop.container.refresh_tokens()
    await refresh(Refresh(refresh_token=tokens.refresh_token), HERE)
    assert await trail(shop, "identity.refresh-token-reused") == []
    shop.clock.advance(GRACE + timedelta(seconds=1))
    with pytest.raises(InvalidRefreshToken):
        await refresh(Refresh(refresh_token=tokens.refresh_token), HERE)
    (row,) = await trail(shop, "identity.refresh-token-reused")
    assert (row.target, row.changes["account_id"].after) == ("session", str(account_id))


async def test_passwords_asked_for_and_changed(shop: Shop):
    account_id = await shop.customer()
    change = shop.container.change_password()
    with pytest.raises(WrongPassword):
        await change(account_id, None, ChangePassword(present_password="x", new_password="another good one"), HERE)
    await change(account_id, None, ChangePassword(present_password=PASSWORD, new_password="another good one"), HERE)
    rows = [row for row in await trail(shop) if row.action.startswith("identity.password")]
    assert [row.action for row in rows] == ["identity.password-refused", "identity.password-changed"]
    assert {row.actor_id for row in rows} == {account_id}
    assert "another good one" not in str(rows)


async def test_registering_twice(shop: Shop):
    for _ in range(2):
        await shop.container.register_customer()(Register(email="n@example.com", password=PASSWORD, name="Nora"), HERE)
    rows = await trail(shop)
    assert [row.action for row in rows] == ["identity.registered", "identity.registration-repeated"]
    assert rows[0].target_id == rows[1].target_id
    assert "Nora" not in str(rows)


async def test_what_the_command_line_does_is_the_system(shop: Shop):
    await shop.staff()
    await shop.staff(permissions=("orders:read", "orders:write"))
    await shop.container.issue_staff_token()(None, ("orders:read",), 60)
    made, changed, issued = await trail(shop)
    assert (made.action, made.actor_kind) == ("identity.account-made", ActorKind.system)
    assert made.changes["email"].after == made.changes["password_hash"].after == "***"
    assert changed.changes["permissions"].after == ["orders:read", "orders:write"]
    assert (issued.action, issued.changes["seconds"].after) == ("identity.staff-token-issued", 60)
    assert issued.changes["permissions"].after == ["orders:read"]


async def test_a_key_that_is_used_from_elsewhere(shop: Shop):
    staff_id = await shop.staff(permissions=("*",))
    boss = Actor(kind=ActorKind.staff, account_id=staff_id, permissions=frozenset({"*"}))
    command = MakeApiKey(name="till", scopes=("orders:read",), networks=("198.51.100.0/24",))
    key_id, text = await shop.container.look_after_api_keys().make(boss, command)
    door = shop.container.api_key_door()
    await door.actor(text, "198.51.100.7")
    for _ in range(MOST_ALIKE + 5):
        with pytest.raises(InvalidApiKey):
            await door.actor(text, "203.0.113.9")
    rows = await trail(shop, "identity.api-key-used-elsewhere")
    assert len(rows) == MOST_ALIKE
    assert {(row.actor_id, row.client) for row in rows} == {(key_id, "203.0.113.9")}
    (made,) = await trail(shop, "identity.api-key-made")
    assert text not in str(made)
    assert made.changes["digest"].after == "***"


async def test_a_key_that_is_used_after_its_end(shop: Shop):
    staff_id = await shop.staff(permissions=("*",))
    boss = Actor(kind=ActorKind.staff, account_id=staff_id, permissions=frozenset({"*"}))
    keys, door = shop.container.look_after_api_keys(), shop.container.api_key_door()
    command = MakeApiKey(name="till", scopes=("orders:read",), expires_in_days=1)
    (revoked, shown), (expired, kept) = await keys.make(boss, command), await keys.make(boss, command)
    await keys.revoke(boss, revoked)
    await door.actor(kept, "203.0.113.9")
    shop.clock.advance(timedelta(days=1))
    for text in (shown, kept):
        with pytest.raises(InvalidApiKey):
            await door.actor(text, "203.0.113.9")
    rows = await trail(shop, "identity.api-key-used-after-its-end")
    assert [(row.actor_id, row.target_id, row.client) for row in rows] == [
        (key_id, str(key_id), "203.0.113.9") for key_id in (revoked, expired)
    ]
    # Of a key that nobody made there is nothing to tell.
    with pytest.raises(InvalidApiKey):
        await door.actor(new_key_text(), "203.0.113.9")
    assert len(await trail(shop, "identity.api-key-used-after-its-end")) == 2


async def test_the_right_password_of_an_account_that_is_shut(shop: Shop):
    account_id = await shop.customer()
    await shop.close_account(account_id)
    with pytest.raises(InvalidCredentials):
        await shop.container.login()(Login(email="ada@example.com", password=PASSWORD), HERE)
    (row,) = await trail(shop, "identity.sign-in-refused")
    assert row.target_id == str(account_id)


async def test_guesses_while_an_app_is_confirmed(shop: Shop):
    account_id = await shop.customer()
    app = shop.container.second_factors.look_after_totp()
    secret = (await app.enrol(account_id, HERE)).secret
    wrong = pyotp.TOTP(secret).at(shop.clock.now() + timedelta(hours=1))
    kinds = []
    for _ in range(20):
        with pytest.raises((WrongFactor, RateLimited)) as caught:
            await app.confirm(account_id, None, ConfirmTotp(code=wrong), HERE)
        kinds.append(caught.type)
    refused = await trail(shop, "identity.second-factor-refused")
    assert len(refused) == kinds.count(WrongFactor) < 20
    assert {(row.actor_id, row.target_id) for row in refused} == {(account_id, str(account_id))}
    assert len(await trail(shop, "identity.second-factor-throttled")) == min(kinds.count(RateLimited), MOST_ALIKE)


async def outcome(attempt: Awaitable[None]) -> type[Exception] | None:
    try:
        await attempt
    except RateLimited:
        return RateLimited
    return None


@pytest.mark.parametrize("known", [True, False])
async def test_who_asks_too_often_for_codes_or_registers_too_often(shop: Shop, known: bool):
    if known:
        await shop.customer("n@example.com")
    register = Register(email="n@example.com", password=PASSWORD, name="Nora")
    for action, attempt in {
        "register": lambda: shop.container.register_customer()(register, HERE),
        "verify-email": lambda: shop.container.ask_for_code()("verify-email", AskForCode(email="n@example.com"), HERE),
        "reset-password": lambda: shop.container.ask_for_code()(
            "reset-password", AskForCode(email="n@example.com"), HERE
        ),
    }.items():
        outcomes = [await outcome(attempt()) for _ in range(10)]
        assert RateLimited in outcomes
        row, *_ = await trail(shop, f"identity.{action}-throttled")
        assert (row.target, row.actor_kind) == ("email", ActorKind.anonymous), action
        assert "n@example.com" not in str(row)
