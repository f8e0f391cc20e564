"""The rest of the doors, played with secrets that a test knows: second factors, cookies, invitations, staff in the
place of a customer, and a code that forgets somebody."""

from typing import Any

import pyotp

from tests.support.asgi import Answer

EMAIL = "ada@example.com"
COOKIES = {"x-token-mode": "cookie", "origin": "http://localhost:8000"}


async def doors(play: Any, password: str) -> None:
    """`password` is Ada's at present. `play` is the Play of the canaries, after its people and its programs."""
    owner = await _second_factor(play, password)
    await _in_cookies(play, password)
    await _staff(play)
    await _forgotten(play, owner)
    await play.settle()


def _learn(play: Any, answer: Answer, **named: str) -> None:
    for name, secret in named.items():
        play.canaries.learn(name.replace("_", " "), secret, answer)


async def _second_factor(play: Any, password: str) -> dict[str, str]:
    """Set up, shown, mistaken. What Ada sends from now on."""
    signed = await play.ask("POST", "/auth/login", {"email": EMAIL, "password": password})
    _learn(play, signed, token_before_the_factor=signed.json()["access_token"])
    here = {"authorization": f"Bearer {signed.json()['access_token']}"}
    new = await play.ask("POST", "/auth/mfa/totp", None, here)
    secret = new.json()["secret"]
    _learn(play, new, secret_of_the_app=secret)
    assert (await play.ask("POST", "/auth/mfa/totp/confirm", {"code": "000000"}, here)).status in (400, 422)
    made = await play.ask("POST", "/auth/mfa/totp/confirm", {"code": pyotp.TOTP(secret).now()}, here)
    assert made.status == 200, made.body
    for number, code in enumerate(made.json()["recovery_codes"]):
        # However it is written down.
        _learn(play, made, **{f"recovery_code_{number}": code, f"bare_recovery_code_{number}": code.replace("-", "")})
    codes = made.json()["recovery_codes"]
    play.recovery_codes = iter(codes)
    asked = await play.ask("POST", "/auth/login", {"email": EMAIL, "password": password})
    _learn(play, asked, first_half=asked.json()["mfa_token"])
    half = {"mfa_token": asked.json()["mfa_token"]}
    for wrong in ({"recovery_code": codes[0][:-1] + "0"}, {"totp": "000000"}, {"totp": [secret]}, {"otp": secret}):
        assert (await play.ask("POST", "/auth/mfa/challenge", half | wrong)).status in (400, 401, 422), wrong
    whole = await play.ask("POST", "/auth/mfa/challenge", half | {"recovery_code": next(play.recovery_codes)})
    assert whole.status == 200, whole.body
    _learn(play, whole, token=whole.json()["access_token"], refresh_token=whole.json()["refresh_token"])
    here = {"authorization": f"Bearer {whole.json()['access_token']}"}
    proved = await play.ask("POST", "/auth/step-up", {"recovery_code": next(play.recovery_codes)}, here)
    assert proved.status == 200, proved.body
    _learn(play, proved, token_of_a_step_up=proved.json()["access_token"])
    return {"authorization": f"Bearer {proved.json()['access_token']}"}


async def _in_cookies(play: Any, password: str) -> None:
    asked = await play.ask("POST", "/auth/login", {"email": EMAIL, "password": password}, COOKIES)
    _learn(play, asked, first_half_in_a_browser=asked.json()["mfa_token"])
    half = {"mfa_token": asked.json()["mfa_token"], "recovery_code": next(play.recovery_codes)}
    signed = await play.ask("POST", "/auth/mfa/challenge", half, COOKIES)
    assert signed.status == 200, signed.body
    jar = [value.decode().partition(";")[0] for name, value in signed.headers if name == b"set-cookie"]
    assert len(jar) == 2
    _learn(play, signed, csrf_token=signed.json()["csrf_token"])
    _learn(play, signed, **{f"cookie_{number}": each.partition("=")[2] for number, each in enumerate(jar)})
    cookies = {"cookie": "; ".join(jar), "origin": COOKIES["origin"]}
    assert (await play.ask("GET", "/users/me", None, cookies)).status == 200
    assert (await play.ask("PATCH", "/users/me", {"name": "Ada"}, cookies)).status == 403
    known = cookies | {"x-csrf-token": signed.json()["csrf_token"]}
    assert (await play.ask("PATCH", "/users/me", {"name": "Ada"}, known)).status == 200
    wrong = known | {"x-csrf-token": known["x-csrf-token"] + "x"}
    assert (await play.ask("POST", "/auth/logout", None, wrong)).status in (204, 403)


async def _staff(play: Any) -> None:
    staff = {"authorization": f"Bearer {play.canaries.secrets['a token of staff']}"}
    role = await play.ask("POST", "/auth/roles", {"name": "Till", "grants": []}, staff)
    invited = {"email": "joins@example.com", "roles": [role.json()["id"]]}
    assert (await play.ask("POST", "/auth/invitations", invited, staff)).status == 201
    play.canaries.secrets["a code that invites"] = code = await play.code()
    join = {"name": "Joe", "password": play.canaries.secrets["a password"]}
    for wrong in ({"code": code + "x"}, {"code": [code]}, {"kode": code}):
        assert (await play.ask("POST", "/auth/invitations/accept", join | wrong)).status in (400, 422)
    assert (await play.ask("POST", "/auth/invitations/accept", join | {"code": code})).status == 204
    people = await play.ask("GET", f"/users?q={EMAIL}", None, staff)
    path = f"/users/{people.json()['items'][0]['id']}/impersonate"
    placed = await play.ask("POST", path, {"reason": "ticket 4711"}, staff)
    assert placed.status == 201, placed.body
    _learn(play, placed, token_in_the_place_of_ada=placed.json()["token"])
    here = {"authorization": f"Bearer {placed.json()['token']}"}
    assert (await play.ask("POST", "/carts", {}, here)).status == 201
    assert (await play.ask("POST", "/users/me/export", None, here)).status == 403


async def _forgotten(play: Any, owner: dict[str, str]) -> None:
    staff = {"authorization": f"Bearer {play.canaries.secrets['a token of staff']}"}
    for order in (await play.ask("GET", "/orders", None, staff)).json()["items"]:
        assert (await play.ask("POST", f"/orders/{order['id']}/cancel", {}, staff)).status == 200
    await play.settle()
    asked = await play.ask("POST", "/users/me/erase", {}, owner)
    assert asked.status == 202, asked.body
    play.canaries.secrets["a code that forgets"] = code = await play.code()
    for wrong in ({"code": code + "x"}, {"code": [code]}):
        assert (await play.ask("POST", "/users/me/erase/confirm", wrong, owner)).status in (400, 422)
    assert (await play.ask("POST", "/users/me/erase/confirm", {"code": code}, owner)).status == 202
    assert (await play.ask("DELETE", "/users/me/erase", None, owner)).status == 204
