"""Signing in through a provider, and the providers linked to an account."""

from uuid import UUID

from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.provider_sign_in import ProviderFlow, ProviderSignIn
from merx.contexts.identity.usecases.finish_provider_sign_in import OUTCOMES
from merx.infra.one_time_codes import OneTimeCodes
from merx.kernel.ids import new_id
from tests.matrix.callers import PROGRAMS, STAFF, Caller
from tests.matrix.entry import Entries, Entry, Target, at
from tests.matrix.people import PASSWORD, Person
from tests.matrix.shop import PROVIDER, Shop
from tests.support.oidc.provider import ISSUER

_AUTH = "/api/v1/auth"
_PEOPLE = {"differs": dict.fromkeys(PROGRAMS, 401), "because": "only people sign in through others"}
_BROWSER = "b" * 43


def _anybody(_: Shop, __: Person) -> Target:
    return at(provider=PROVIDER)


def _link(_: Shop, __: Person) -> Target:
    return at({"password": PASSWORD}, provider=PROVIDER)


async def _linked(shop: Shop, account_id: UUID) -> LinkedIdentity:
    identity = LinkedIdentity.link(
        account_id,
        provider=PROVIDER,
        issuer=ISSUER,
        subject=new_id().hex,
        email=None,
        now=shop.app.infra.clock().now(),
    )
    async with shop.app.contexts.identity.uow() as uow:
        await uow.linked_identities.add(identity)
        await uow.commit()
    return identity


async def _came_back(shop: Shop, person: Person, *, link: bool) -> Target:
    """The browser is back with a code; its cookie goes along with every request."""
    assert person.account_id is not None
    clock = shop.app.infra.clock()
    identity = None if link else await _linked(shop, person.account_id)
    flow = ProviderFlow.begin(PROVIDER, clock.now(), account_id=person.account_id if link else None)
    sign_in = ProviderSignIn.claim(flow, _BROWSER)
    sign_in.issuer, sign_in.subject = ISSUER, identity.subject if identity else new_id().hex
    sign_in.prove(person.account_id, 0, clock.now())
    async with shop.app.contexts.identity.uow() as uow:
        await uow.provider_sign_ins.claim(sign_in)
        await uow.commit()
    code = OneTimeCodes(shop.app.infra.guest_tokens()).text(OUTCOMES[flow.purpose], flow.id)
    return Target(body={"code": code}, headers={"cookie": f"merx-browser={_BROWSER}"})


async def _identity(shop: Shop, person: Person) -> Target:
    assert person.account_id is not None
    return at(identity_id=(await _linked(shop, person.account_id)).id)


ENTRIES: Entries = {
    f"GET {_AUTH}/oidc": Entry(),
    f"GET {_AUTH}/oidc/{{provider}}/start": Entry(_anybody),
    # Without a state the browser is led to the account page, with a slug.
    f"GET {_AUTH}/oidc/{{provider}}/callback": Entry(_anybody),
    f"POST {_AUTH}/oidc/exchange": Entry(lambda shop, person: _came_back(shop, person, link=False)),
    f"POST {_AUTH}/oidc/{{provider}}/link": Entry(_link, **_PEOPLE),
    f"GET {_AUTH}/identities": Entry(**_PEOPLE),
    f"POST {_AUTH}/identities": Entry(
        lambda shop, person: _came_back(shop, person, link=True),
        differs=dict.fromkeys(PROGRAMS, 401) | dict.fromkeys([Caller.other, *STAFF], 400),
        because="a code of somebody else is no code",
    ),
    f"DELETE {_AUTH}/identities/{{identity_id}}": Entry(
        _identity,
        # A key with every other scope may do without a step-up, and then it is no person.
        differs=dict.fromkeys(PROGRAMS, 403) | {Caller.key_without: 401} | dict.fromkeys([Caller.other, *STAFF], 404),
        because="everybody has ways in of their own",
    ),
}
