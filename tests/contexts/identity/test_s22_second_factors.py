"""S22: the second half of a sign-in and the step-up hand out cookies to whoever came with cookies, and no token."""

from datetime import timedelta

from tests.contexts.identity.conftest import PASSWORD, Shop
from tests.contexts.identity.cookie_journeys import ACCESS, COOKIE, REFRESH
from tests.contexts.identity.factors import code
from tests.support.browser import Page

AUTH = "/api/v1/auth"
LOGIN = {"email": "ada@example.com", "password": PASSWORD}


async def test_s22_second_factor_and_step_up_stay_in_cookies(front: Page, memory_shop: Shop):
    browser = front.browser
    first = await front.fetch("POST", f"{AUTH}/login", headers=COOKIE, json=LOGIN)
    csrf = {"x-csrf-token": first.json()["csrf_token"]}
    new = (await front.fetch("POST", f"{AUTH}/mfa/totp", headers=csrf)).json()
    body = {"code": code(new["secret"], memory_shop)}
    assert (await front.fetch("POST", f"{AUTH}/mfa/totp/confirm", headers=csrf, json=body)).status == 200
    browser.cookies.clear()

    asked = await front.fetch("POST", f"{AUTH}/login", headers=COOKIE, json=LOGIN)
    assert "mfa_token" in asked.json()
    assert browser.cookies == {}
    memory_shop.clock.advance(timedelta(seconds=30))
    body = {"mfa_token": asked.json()["mfa_token"], "totp": code(new["secret"], memory_shop)}
    entered = await front.fetch("POST", f"{AUTH}/mfa/challenge", headers=COOKIE, json=body)
    assert (entered.status, set(browser.cookies)) == (200, {ACCESS, REFRESH})
    assert not {"access_token", "refresh_token"} & set(entered.json())

    csrf = {"x-csrf-token": entered.json()["csrf_token"]}
    memory_shop.clock.advance(timedelta(seconds=30))
    before = dict(browser.cookies)
    body = {"totp": code(new["secret"], memory_shop)}
    assert (await front.fetch("POST", f"{AUTH}/step-up", json=body)).status == 403
    fresh = await front.fetch("POST", f"{AUTH}/step-up", headers=csrf, json=body)
    assert fresh.status == 200
    assert "access_token" not in fresh.json()
    assert browser.cookies[REFRESH] == before[REFRESH]
    assert browser.cookies[ACCESS] != before[ACCESS]
