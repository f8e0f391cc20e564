"""Query parameters of every list: `?limit=` 1..100 (default 20) and `?after=` the `next` of the page before.

async def list_orders(self, limit: PageLimit = DEFAULT_LIMIT, after: After = None, …) -> Page[OrderSummary]
"""

from typing import Annotated

from litestar.params import QueryParameter

from merx.kernel.paging import DEFAULT_LIMIT, MAX_LIMIT

__all__ = ["DEFAULT_LIMIT", "After", "PageLimit"]

PageLimit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="items on a page")]
After = Annotated[str | None, QueryParameter(max_length=512, description="`next` of the page before")]
