"""Guest tokens are computed, not stored: a kept answer has the place of one, and gets it again when it is sent.

A token stands in the answer to a guest who opens a cart or places an order, beside the id of what it opens.
"""

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec

from merx.infra.guest_tokens import GuestTokens
from merx.infra.idempotency.answers import Answer, AnswerStore, Key
from merx.infra.idempotency.store import Claimed, IdempotencyStore, Reply
from merx.kernel.ports import Transaction

_TOKEN = re.compile(rb'"token":"[A-Za-z0-9_-]{43}"')
_PLACE = b'"token":""'
_SUBJECT = re.compile(rb'\{("order":\{)?"id":"([0-9a-f-]{36})"')


class Seal:
    def __init__(self, tokens: GuestTokens) -> None:
        self._tokens = tokens

    def without_token(self, body: bytes) -> bytes:
        return _TOKEN.sub(_PLACE, body, count=1) if _SUBJECT.match(body) else body

    def with_token(self, body: bytes) -> bytes:
        if _PLACE not in body or (found := _SUBJECT.match(body)) is None:
            return body
        token = self._tokens.issue("order" if found[1] else "cart", UUID(found[2].decode()))
        return body.replace(_PLACE, b'"token":"%b"' % token.encode(), 1)


class SealedAnswers:
    """Implements AnswerStore."""

    def __init__(self, store: AnswerStore, tokens: GuestTokens) -> None:
        self._store, self._seal = store, Seal(tokens)

    async def find(self, tx: Transaction, keys: Sequence[Key]) -> list[Answer | None]:
        found = await self._store.find(tx, keys)
        return [each and msgspec.structs.replace(each, body=self._seal.with_token(each.body)) for each in found]

    async def keep(self, tx: Transaction, answers: Sequence[tuple[Key, int, bytes]]) -> None:
        sealed = [(key, status, self._seal.without_token(body)) for key, status, body in answers]
        await self._store.keep(tx, sealed)


class SealedIdempotency:
    """Implements IdempotencyStore."""

    def __init__(self, store: IdempotencyStore, tokens: GuestTokens) -> None:
        self._store, self._seal = store, Seal(tokens)

    async def begin(self, key: Key) -> Claimed | Reply:
        begun = await self._store.begin(key)
        if isinstance(begun, Reply):
            return msgspec.structs.replace(begun, body=self._seal.with_token(begun.body))
        return begun

    async def note(self, tx: Transaction, key: Key, claimed: Claimed) -> None:
        await self._store.note(tx, key, claimed)

    async def complete(self, key: Key, claimed: Claimed, reply: Reply) -> None:
        await self._store.complete(
            key, claimed, msgspec.structs.replace(reply, body=self._seal.without_token(reply.body))
        )

    async def abandon(self, key: Key, claimed: Claimed, *, refused: bool = False) -> None:
        await self._store.abandon(key, claimed, refused=refused)

    async def prune(self) -> int:
        return await self._store.prune()
