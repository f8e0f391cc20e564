"""Several attempts in one moment."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from merx.kernel.errors import MerxError


async def at_once(*attempts: Awaitable[Any]) -> list[Any]:
    """What each came to: an answer or one of our refusals."""
    found = await asyncio.gather(*attempts, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, MerxError):
            raise each
    return found
