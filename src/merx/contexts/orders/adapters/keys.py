"""The Idempotency-Key of checkout: read from the request, its answer kept with the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated

import msgspec
from litestar.params import HeaderParameter

from merx.contexts.orders.ports.neighbours import RequestKey, StoredAnswer
from merx.contexts.orders.usecases.commands import PlaceOrder
from merx.infra.failpoints import failpoint
from merx.infra.idempotency.answers import AnswerStore, Key
from merx.infra.idempotency.http import checked_key, principal_of, route_of
from merx.kernel.actor import Actor
from merx.kernel.ports import Transaction

_encoder = msgspec.json.Encoder()

KeyHeader = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", description="names this attempt: the same key gets the same answer"),
]


def checkout_key(actor: Actor, command: PlaceOrder, given: str | None) -> RequestKey:
    """The key that a caller gave, scoped to who it is. Raises KeyRequired, KeyInvalid."""
    digest = blake2b(_encoder.encode(command), digest_size=16).digest()
    # Guests share a principal per cart: another's cart can then never answer with this one's order.
    principal = principal_of(actor) if actor.account_id else f"cart:{command.cart_id}"
    return RequestKey(principal, route_of(actor, "POST /orders"), checked_key(given), digest)


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    store: AnswerStore

    async def find(self, tx: Transaction, keys: Sequence[RequestKey]) -> list[StoredAnswer | None]:
        kept = await self.store.find(tx, [_key(key) for key in keys])
        failpoint("checkout.after-locks")
        return [
            None if answer is None else StoredAnswer(answer.fingerprint == key.fingerprint, answer.status, answer.body)
            for key, answer in zip(keys, kept, strict=True)
        ]

    async def keep(self, tx: Transaction, answers: Sequence[tuple[RequestKey, int, bytes]]) -> None:
        await self.store.keep(tx, [(_key(key), status, body) for key, status, body in answers])
        failpoint("checkout.before-commit")


def _key(key: RequestKey) -> Key:
    return Key(key.principal, key.route, key.key, key.fingerprint)
