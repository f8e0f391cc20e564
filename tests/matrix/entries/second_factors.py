"""Second factors, passkeys, and the step-up."""

from typing import Any
from uuid import UUID

from merx.contexts.identity.domain.one_time_code import CodePurpose
from merx.contexts.identity.domain.recovery_codes import recovery_digest
from merx.contexts.identity.domain.totp import Totp
from merx.kernel.actor import ActorKind
from tests.matrix.callers import PROGRAMS, STAFF, Caller
from tests.matrix.entry import Entries, Entry, Target, at, sends
from tests.matrix.people import PASSWORD, Person
from tests.matrix.shop import Shop
from tests.support.authenticator import Device

_AUTH = "/api/v1/auth"
_PASSKEYS = f"{_AUTH}/passkeys"
_CODE = "2345-6789-ABCD-EFGH"
_PEOPLE = {"differs": dict.fromkeys(PROGRAMS, 401), "because": "only people have second factors"}
# A key with every other scope may do without a step-up, and then it is no person.
_PROGRAMS_FRESH = dict.fromkeys(PROGRAMS, 403) | {Caller.key_without: 401}
_FRESH = {"differs": _PROGRAMS_FRESH, "because": "a program proves nothing of itself"}


def _own(status: int, programs: dict[Caller, int]) -> dict[str, Any]:
    """For what belongs to the person; others have no such thing."""
    differs = dict.fromkeys([Caller.other, *STAFF], status) | programs
    return {"differs": differs, "because": "a factor of somebody else is no factor"}


async def _put_totp(shop: Shop, account_id: UUID, *, confirmed: bool) -> str:
    """Its present code."""
    identity, now = shop.app.contexts.identity, shop.app.infra.clock().now()
    secret = identity.second_factors.totp_codes().new_secret()
    sealed = shop.app.infra.sealer().seal("totp-secret", account_id, secret)
    async with identity.uow() as uow:
        totp = Totp.enrol(account_id, sealed, now)
        totp.confirmed_at = now if confirmed else None
        await uow.factors.put_totp(totp)
        await uow.factors.put_recovery_codes(account_id, [recovery_digest(account_id, _CODE)])
        await uow.commit()
    import pyotp

    return pyotp.parse_uri(identity.second_factors.totp_codes().shown(secret, "a@b.example")[1]).at(now)


async def _everybody_has_totp(shop: Shop, _: Person) -> Target:
    for account_id in (shop.owner.account_id, shop.other.account_id, *shop.staff_ids):
        assert account_id is not None
        await _put_totp(shop, account_id, confirmed=True)
    return at()


async def _challenge(shop: Shop, person: Person) -> Target:
    assert person.account_id is not None
    await _put_totp(shop, person.account_id, confirmed=True)
    token = await shop.code(CodePurpose.second_factor, person.account_id)
    return at({"mfa_token": token, "recovery_code": _CODE})


async def _confirm(shop: Shop, person: Person) -> Target:
    assert person.account_id is not None
    return at({"code": await _put_totp(shop, person.account_id, confirmed=False)})


async def _device(shop: Shop, headers: dict[str, str]) -> tuple[Device, str]:
    """A passkey, and its id."""
    device = Device()
    await shop.prove_addresses()
    options = await shop.call("POST", "/auth/passkeys/registration", None, headers)
    body = {"name": "laptop", "credential": device.create(options)}
    made = await shop.call("POST", "/auth/passkeys", body, headers)
    return device, made["passkey"]["id"]


async def _everybody_has_passkeys(shop: Shop, _: Person) -> Target:
    customers = (shop.owner.headers, shop.other.headers)
    for headers in (*customers, *(shop.bearer(id, ActorKind.staff) for id in shop.staff_ids)):
        await _device(shop, headers)
    return at()


async def _new_passkey(shop: Shop, person: Person) -> Target:
    await shop.prove_addresses()
    options = await shop.call("POST", "/auth/passkeys/registration", None, person.headers)
    return at({"name": "laptop", "credential": Device().create(options)})


async def _passkey(shop: Shop, person: Person) -> Target:
    _, id = await _device(shop, person.headers)
    return at(passkey_id=id)


async def _renamed(shop: Shop, person: Person) -> Target:
    _, id = await _device(shop, person.headers)
    return at({"name": "old"}, passkey_id=id)


async def _login(shop: Shop, person: Person) -> Target:
    device, _ = await _device(shop, person.headers)
    options = await shop.call("POST", "/auth/passkeys/options", None, {"x-nobody": "1"})
    return at({"credential": device.get(options)})


ENTRIES: Entries = {
    f"GET {_AUTH}/mfa": Entry(**_PEOPLE),
    f"POST {_AUTH}/mfa/challenge": Entry(_challenge),
    f"POST {_AUTH}/mfa/totp": Entry(**_FRESH),
    f"POST {_AUTH}/mfa/totp/confirm": Entry(_confirm, **_own(409, dict.fromkeys(PROGRAMS, 401))),
    f"DELETE {_AUTH}/mfa/totp": Entry(_everybody_has_totp, **_FRESH),
    f"POST {_AUTH}/mfa/recovery-codes": Entry(_everybody_has_totp, **_FRESH),
    f"POST {_AUTH}/step-up": Entry(sends({"password": PASSWORD}), **_PEOPLE),
    f"POST {_AUTH}/step-up/options": Entry(_everybody_has_passkeys, **_PEOPLE),
    f"POST {_PASSKEYS}/options": Entry(),
    f"POST {_PASSKEYS}/login": Entry(_login),
    f"GET {_PASSKEYS}": Entry(**_PEOPLE),
    f"POST {_PASSKEYS}/registration": Entry(**_FRESH),
    f"POST {_PASSKEYS}": Entry(_new_passkey, **_own(422, dict.fromkeys(PROGRAMS, 401))),
    f"PATCH {_PASSKEYS}/{{passkey_id}}": Entry(_renamed, **_own(404, dict.fromkeys(PROGRAMS, 401))),
    f"DELETE {_PASSKEYS}/{{passkey_id}}": Entry(_passkey, **_own(404, _PROGRAMS_FRESH)),
}
