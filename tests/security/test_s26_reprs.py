"""S26, S27: what a struct shows of itself: so much is in an exception, a debugger and a careless line."""

from collections.abc import Iterator
from typing import Any

import msgspec

from merx.bootstrap import seed
from merx.bootstrap.demo import filling
from merx.contexts.orders.ports.queries import PlacedOrder
from merx.infra.outbox.deliveries import Leased
from merx.kernel.address import Address
from merx.kernel.model import Command, Entity, Event, View
from tests.support.apps import new_app

# What opens something, by the words of its name. A digest is in here: whoever reads it can guess at leisure.
SECRET = ("password", "secret", "verifier", "csrf", "hash", "digest", "totp", "recovery_code", "_token")
# And who somebody is, in what they send, in what is kept of them and in what is told of it.
PERSONAL = ("email", "phone", "address", "birthday")
# Names of kinds and of counts.
HARMLESS = frozenset({"token_type", "recovery_codes_left"})


def hides_nothing(kind: type[Any]) -> list[str]:
    """The fields whose values stand in the repr, though they should not."""
    # A Struct takes anything when it is made in code.
    shown = repr(kind(**{name: f"canary of {name}." for name in kind.__struct_fields__}))
    words = SECRET if issubclass(kind, View) else (*SECRET, *PERSONAL)
    secret = [
        name
        for name in kind.__struct_fields__
        if (name in ("token", "code", "key", "access_token") or any(word in name for word in words))
        and name not in HARMLESS
    ]
    return [name for name in secret if f"canary of {name}." in shown]


def kinds(root: type[Any]) -> Iterator[type[Any]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("merx."):
            yield kind
        yield from kinds(kind)


# Their `code` is what people call a thing, as in an address; a count and a yes tell nothing, nor does the chain.
NAMES = frozenset(
    "CreateLocation.code CreateMethod.code CreateGroup.code ShippingMethodView.code ShippingOptionView.code "
    "LocationView.code ShippingView.code MethodView.code ServedMethod.code GroupView.code HeldFactors.totp "
    "HeldFactors.recovery_codes FactorsView.totp AuditView.hash".split()
)


def test_s26_nothing_that_opens_something_is_shown():
    # Loads all there is.
    new_app().http_parts()
    seen, wrong = 0, set()
    for root in (Command, Entity, Event, View):
        for kind in kinds(root):
            seen += 1
            wrong |= {f"{kind.__name__}.{name}" for name in hides_nothing(kind)}
    assert sorted(wrong - NAMES) == [], "give it a __repr__ that keeps it"
    assert seen > 100


def test_s26_nor_by_what_is_none_of_these_kinds():
    new_app().http_parts()
    # The token of a lease opens nothing: it tells two workers apart.
    others = {kind for kind in kinds(msgspec.Struct) if {"password", "token"} & set(kind.__struct_fields__)} - {Leased}
    assert {PlacedOrder, seed.Login, filling.Login} <= others
    wrong = {kind.__name__: hides_nothing(kind) for kind in others}
    assert [name for name, shown in wrong.items() if {"password", "token"} & set(shown)] == []


def test_s26_an_address_is_shown_nowhere():
    address = Address(name="Ada Lovelace", line1="12 St James's Square", city="London", country="GB")
    assert [word for word in ("Ada", "James", "London") if word in repr([address])] == []


class Careless(msgspec.Struct):
    email: str
    password: str
    note: str = ""


class Careful(Careless):
    def __repr__(self) -> str:
        return "Careful(***)"


def test_s26_what_shows_a_secret_would_be_seen():
    assert hides_nothing(Careless) == ["email", "password"]
    assert hides_nothing(Careful) == []
