"""Random grants over a small world, in which every action can be tried."""

from uuid import UUID

from hypothesis import strategies as st

from merx.kernel.money import Money
from merx.kernel.rights import Effect, Grant

NAMES = ["orders:read", "orders:write", "payments:write", "inventory:write"]
PATTERNS = [*NAMES, "orders:*", "payments:*", "*"]
PLACES = [UUID(int=1), UUID(int=2), UUID(int=3)]
AMOUNTS = [Money(amount, currency) for currency in ("INR", "USD") for amount in (0, 1, 2)]

_amounts = st.none() | st.lists(st.sampled_from(AMOUNTS), min_size=1, unique_by=lambda money: money.currency).map(tuple)
_places = st.none() | st.lists(st.sampled_from(PLACES), min_size=1, unique=True).map(tuple)

allows = st.builds(Grant, permission=st.sampled_from(PATTERNS))
limited = st.builds(Grant, permission=st.sampled_from(NAMES), max_amount=_amounts, locations=_places)
denies = st.builds(Grant, permission=st.sampled_from(PATTERNS), effect=st.just(Effect.deny))
grants = allows | limited | denies
