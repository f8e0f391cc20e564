"""What is always true of stock."""

from merx.contexts.inventory.ports.queries import InventoryQueries
from merx.kernel.invariants import Invariant


def promises(queries: InventoryQueries) -> list[Invariant]:
    async def unproved(most: int) -> list[str]:
        return [f"{each.variant_id} at {each.location_id}" for each in (await queries.discrepancies())[:most]]

    return [
        Invariant(
            "inventory.stock-is-proved",
            "Units on hand and promised units are what the ledger adds up to, and each promised one has its order.",
            unproved,
        )
    ]
