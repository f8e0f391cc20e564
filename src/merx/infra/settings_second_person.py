"""From where on one person does not decide alone: the kinds of these settings, with their descriptions."""

from typing import Annotated

from msgspec import Meta

PricePercent = Annotated[
    int,
    Meta(
        ge=0,
        le=10_000,
        description="a price that changes by more than so many percent waits for a second person; 0: none does",
    ),
]
GuardedRights = Annotated[
    tuple[str, ...],
    Meta(
        description="rights that nobody is given by one person alone: `*` for all, or such as `staff:write`, `orders:*`"
    ),
]
ApprovalDays = Annotated[int, Meta(ge=1, le=90, description="days that a second person has to agree")]
