"""Edits that arrive while others are being written go together: one lock statement, one write, one commit for all.

Nobody waits when nobody else is there: an edit that comes alone is a batch of one. A batch never waits for a row lock:
a cart that somebody else holds (a checkout, a merge, another process) leaves the batch and is edited on its own.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from merx.contexts.carts.adapters.postgres.carts import PostgresCartsUow
from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.ports.repositories import CartEdits
from merx.kernel.actor import Actor
from merx.kernel.errors import Unavailable

MAX_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Edit:
    actor: Actor
    cart_id: UUID
    action: str
    change: Callable[[Cart], None]
    outcome: asyncio.Future[Cart]

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def succeed(self, cart: Cart) -> None:
        if not self.outcome.done():
            self.outcome.set_result(cart)


class CombinedCartEdits:
    """Implements CartEdits for one event loop. `alone` takes what a batch cannot."""

    def __init__(self, uow: Callable[[], PostgresCartsUow], alone: CartEdits) -> None:
        self._uow = uow
        self._alone = alone
        self._waiting: list[_Edit] = []
        self._running = False
        # The event loop keeps weak references to tasks only.
        self._tasks: set[asyncio.Task[None]] = set()

    async def edit(self, actor: Actor, cart_id: UUID, action: str, change: Callable[[Cart], None]) -> Cart:
        if actor.impersonator is not None:
            # With it goes a row of the audit trail, whose end is a lock that the edits of others must not wait for.
            return await self._alone.edit(actor, cart_id, action, change)
        edit = _Edit(actor, cart_id, action, change, asyncio.get_running_loop().create_future())
        self._waiting.append(edit)
        if not self._running:
            self._running = True
            self._start(self._pump())
        return await edit.outcome

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                for edit in await self._together(batch):
                    self._start(self._by_itself(edit))
        finally:
            self._running = False

    async def _together(self, batch: list[_Edit]) -> list[_Edit]:
        """Settles what it can; returns the edits to be done alone."""
        committing = False
        try:
            async with self._uow() as uow:
                carts = await uow.carts.lock_free({edit.cart_id for edit in batch})
                done, refused, left = _decide(batch, carts)
                if done:
                    newest = {edit.cart_id: cart for edit, cart in done}
                    await uow.carts.save_edits(list(newest.values()), {key: carts[key].version for key in newest})
                    committing = True
                    await uow.commit()
        except Exception as error:
            if not committing and not isinstance(error, Unavailable):
                return batch
            # The database is away, or the answer to the commit was lost: then to do it again could count twice.
            for edit in batch:
                edit.fail(error)
            return []
        except BaseException:
            for edit in batch:
                edit.outcome.cancel()
            raise
        for edit, cart in done:
            edit.succeed(cart)
        for edit, reason in refused:
            edit.fail(reason)
        return left

    async def _by_itself(self, edit: _Edit) -> None:
        try:
            edit.succeed(await self._alone.edit(edit.actor, edit.cart_id, edit.action, edit.change))
        except Exception as error:
            edit.fail(error)


def _decide(
    batch: list[_Edit], carts: Mapping[UUID, Cart]
) -> tuple[list[tuple[_Edit, Cart]], list[tuple[_Edit, Exception]], list[_Edit]]:
    """Edits in order of arrival, each on its own copy.

    A refused one leaves no trace, an accepted one is answered with the cart as it stood after it.
    """
    done: list[tuple[_Edit, Cart]] = []
    refused: list[tuple[_Edit, Exception]] = []
    left: list[_Edit] = []
    newest = dict(carts)
    for edit in batch:
        if edit.cart_id not in newest:
            left.append(edit)
            continue
        cart = newest[edit.cart_id].copy()
        try:
            edit.change(cart)
        except Exception as error:
            refused.append((edit, error))
            continue
        cart.version += 1
        newest[edit.cart_id] = cart
        done.append((edit, cart))
    return done, refused, left
