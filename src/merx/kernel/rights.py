"""What somebody may do: grants that allow, perhaps within limits, and grants that deny.

    orders:write                     one permission
    orders:*   *                     all of an area, all there is
    payments:write<=INR:200000       up to 2,000.00 INR at a time, and no other currency
    inventory:write@<location id>    at these locations only
    !orders:write                    denied, whatever else allows it

An action is allowed when one grant that allows covers it whole and none denies it. So the most generous grant wins, and
one without limits lifts the limits of the others. Text is how accounts, roles, keys and tokens hold grants; a text that
cannot be read makes the whole set worth nothing, for it might have been a denial.
"""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from uuid import UUID

import msgspec

from merx.kernel.errors import Invalid
from merx.kernel.model import Value
from merx.kernel.money import MAX_AMOUNT, Money

# In place of grants: whatever the account holds when a request comes. Alone it is no grant and allows nothing.
AS_HELD = "@account"

_NAME = r"\*|[a-z][a-z-]*:(?:\*|[a-z][a-z-]*)"
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TEXT = re.compile(rf"(!?)({_NAME})(?:<=([A-Z]{{3}}:\d{{1,13}}(?:,[A-Z]{{3}}:\d{{1,13}})*))?(?:@({_ID}(?:,{_ID})*))?")
# A name that no route has: what holds for it holds for everything that may come.
_OTHER = "~"

PermissionName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=64, pattern=rf"^({_NAME})\Z", examples=["orders:write"])
]

GrantText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=4000, pattern=rf"^{_TEXT.pattern}\Z", examples=["orders:write"])
]


class InvalidGrant(Invalid):
    slug = "auth.invalid-grant"
    title = "The grant makes no sense"


class Effect(StrEnum):
    allow = "allow"
    deny = "deny"


class Limit(StrEnum):
    """What a permission may be limited by, when the use cases behind it ask."""

    amount = "amount"
    location = "location"


class Grant(Value, frozen=True):
    """`max_amount`: up to so much at a time, in these currencies only. `locations`: there only. None is no limit."""

    permission: PermissionName
    effect: Effect = Effect.allow
    max_amount: Annotated[tuple[Money, ...], msgspec.Meta(min_length=1, max_length=20)] | None = None
    locations: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=100)] | None = None

    @property
    def limits(self) -> frozenset[Limit]:
        given = {Limit.amount: self.max_amount, Limit.location: self.locations}
        return frozenset(limit for limit, value in given.items() if value is not None)

    @property
    def denies(self) -> bool:
        return self.effect is Effect.deny

    def check(self) -> None:
        """Raises InvalidGrant."""
        if self.limits and (self.denies or self.permission.endswith("*")):
            raise InvalidGrant("limits belong to one permission that is allowed")
        amounts = self.max_amount or ()
        if len({amount.currency for amount in amounts}) < len(amounts):
            raise InvalidGrant("one amount for each currency")
        if not all(0 <= amount.amount <= MAX_AMOUNT for amount in amounts):
            raise InvalidGrant(f"an amount is 0 to {MAX_AMOUNT} minor units")

    def text(self) -> str:
        """The same grant has one text."""
        amounts = ",".join(f"{each.currency}:{each.amount}" for each in sorted(self.max_amount or (), key=_currency))
        places = ",".join(str(id) for id in sorted(set(self.locations or ())))
        sign = "!" if self.denies else ""
        return f"{sign}{self.permission}{amounts and '<=' + amounts}{places and '@' + places}"

    @classmethod
    def parse(cls, text: str) -> "Grant":
        """Raises InvalidGrant."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise InvalidGrant(f"{text[:64]!r} is no grant")
        sign, name, amounts, places = found.groups()
        pairs = [pair.split(":") for pair in amounts.split(",")] if amounts else []
        grant = cls(
            permission=name,
            effect=Effect.deny if sign else Effect.allow,
            max_amount=tuple(Money(int(amount), currency) for currency, amount in pairs) or None,
            locations=tuple(map(UUID, places.split(","))) if places else None,
        )
        grant.check()
        return grant

    def names(self, permission: str) -> bool:
        """Whether the grant speaks of this permission."""
        own = self.permission
        return own in (permission, "*") or (own.endswith(":*") and permission.startswith(own[:-1]))

    def covers(self, amount: Money | None, location: UUID | None) -> bool:
        """Whether the limits leave room; what is not said is taken to be anything, so a limit never covers it."""
        if self.max_amount is not None and not any(_at_most(amount, most) for most in self.max_amount):
            return False
        return self.locations is None or location in self.locations


def _currency(amount: Money) -> str:
    return amount.currency


def _at_most(amount: Money | None, most: Money) -> bool:
    return amount is not None and amount.currency == most.currency and 0 <= amount.amount <= most.amount


class Rights:
    """What a set of grants amounts to."""

    __slots__ = ("_allows", "_denies", "_full", "_held", "grants")

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants = tuple(grants)
        self._allows = [grant for grant in self.grants if not grant.denies]
        self._denies = [grant for grant in self.grants if grant.denies]
        # Routes ask for the same few permissions again and again.
        self._full: dict[str, bool] = {}
        self._held: dict[str, bool] = {}

    def holds(self, permission: str) -> bool:
        """At all: perhaps within limits."""
        known = self._held.get(permission)
        if known is None:
            known = self._held[permission] = not self._denied(permission) and any(
                grant.names(permission) for grant in self._allows
            )
        return known

    def allows(self, permission: str, amount: Money | None = None, location: UUID | None = None) -> bool:
        """One action. Without an amount or a location it is allowed to those whose right has no such limit."""
        if amount is None and location is None:
            known = self._full.get(permission)
            if known is None:
                known = self._full[permission] = self._allows_one(permission, None, None)
            return known
        return self._allows_one(permission, amount, location)

    def beyond(self, other: "Rights") -> list[str]:
        """The permissions with which these rights allow something that `other` does not; empty when there are none."""
        names = {grant.permission for grant in (*self.grants, *other.grants)}
        areas = {name.partition(":")[0] for name in names} - {"*"}
        asked = {name for name in names if not name.endswith("*")} | {f"{area}:{_OTHER}" for area in areas}
        return sorted(
            name.replace(_OTHER, "*").replace("*:*", "*")
            for name in asked | {f"{_OTHER}:{_OTHER}"}
            if any(not other.allows(name, amount, location) for amount, location in self._reach(name))
        )

    def narrowed(self, names: Iterable[str]) -> list[Grant]:
        """Those of the grants that remain when only `names`, perhaps with `*`, shall be used; denials all remain."""
        wanted = [Grant(permission=name) for name in names]
        found = list(self._denies)
        for own in self._allows:
            for each in wanted:
                if own.names(each.permission):
                    found.append(msgspec.structs.replace(own, permission=each.permission))
                elif each.names(own.permission):
                    found.append(own)
        return found

    def _denied(self, permission: str) -> bool:
        return any(grant.names(permission) for grant in self._denies)

    def _allows_one(self, permission: str, amount: Money | None, location: UUID | None) -> bool:
        return not self._denied(permission) and any(
            grant.names(permission) and grant.covers(amount, location) for grant in self._allows
        )

    def _reach(self, permission: str) -> Iterator[tuple[Money | None, UUID | None]]:
        """The farthest actions that are allowed: whoever may do these may do all."""
        if self._denied(permission):
            return
        for grant in self._allows:
            if grant.names(permission):
                for amount in grant.max_amount or (None,):
                    for location in grant.locations or (None,):
                        yield amount, location


NOTHING = Rights(())


@lru_cache(maxsize=4096)
def rights_of(texts: frozenset[str]) -> Rights:
    """Of grants as text. Never raises: what cannot be read allows nothing."""
    try:
        return Rights(Grant.parse(text) for text in sorted(texts))
    except (Invalid, ValueError):
        return NOTHING
