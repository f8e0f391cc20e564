"""From where on one person does not decide alone: the kinds of these settings, with their descriptions."""

from typing import Annotated

from msgspec import Meta

PricePercent = Annotated[
    int,
    Meta(
        ge=0,
        le=10_000,
        description="a price that changes by more than so many percent within 24 hours waits for a second person; "
        "0: none does",
    ),
]
WriteOffUnits = Annotated[
    int,
    Meta(
        ge=0,
        le=10_000_000,
        description="when more than so many units of a variant are counted out within 24 hours, the next wait for a "
        "second person; 0: none do",
    ),
]
GuardedRights = Annotated[
    tuple[str, ...],
    Meta(
        description="rights that nobody is given by one person alone: `*` for all, or such as `staff:write`, `orders:*`"
    ),
]
ApprovalDays = Annotated[int, Meta(ge=1, le=90, description="days that a second person has to agree")]
