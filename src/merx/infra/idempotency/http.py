"""The Idempotency-Key header in a handler whose effect is more than one transaction of ours.

    reply, replayed = await idempotent(store, keyed(header, principal_of(actor), "POST /payments", body), run)

`run` does the work and returns the Reply that is sent, expected refusals included if they are to be kept.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable

from loguru import logger

from merx.infra.idempotency.answers import Key
from merx.infra.idempotency.effect import noting
from merx.infra.idempotency.errors import KeyInvalid, KeyRequired
from merx.infra.idempotency.store import Claimed, IdempotencyStore, Reply
from merx.infra.limits.networks import network_of
from merx.kernel.actor import Actor
from merx.kernel.errors import MerxError, Unavailable
from merx.kernel.ports import Transaction

HEADER = "idempotency-key"
ANONYMOUS = "anonymous"
REPLAYED = (b"idempotency-replayed", b"true")
_KEY = re.compile(r"[\x20-\x7e]{1,255}\Z")


def checked_key(value: str | None) -> str:
    """The header's value. Raises KeyRequired or KeyInvalid."""
    if value is None:
        raise KeyRequired
    if not _KEY.match(value):
        raise KeyInvalid
    return value


def principal_of(actor: Actor, guest_token: str = "") -> str:
    """Who the key belongs to: the account, else the bearer of a guest token, else everybody of one network.

    API keys that replaced one another are one: a program that changes its key in the middle may send again. A token
    counts for what it opens only: where nobody looks at it, it may be any text, and two may send the same.
    """
    if actor.account_id is not None:
        return f"{actor.kind}:{actor.lineage or actor.account_id}"
    kind, text = ("guest", guest_token) if guest_token else (ANONYMOUS, network_of(actor.client))
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def route_of(actor: Actor, *parts: object) -> str:
    """The operation and what its path names. Staff in the place of a customer gets no answer that was kept for her, nor
    she one of theirs."""
    by = () if actor.impersonator is None else (f"by:{actor.impersonator}",)
    return " ".join(map(str, (*parts, *by)))


def keyed(
    header: str | None, principal: str, route: str, body: bytes, *, query: bytes = b"", if_match: bytes = b""
) -> Key:
    """`route` is the operation with its path values; `body`, `query` and `if_match` as they were sent."""
    fingerprint = hashlib.sha256(body).digest()
    if query or if_match:
        # The one of most requests stays the digest of the body, so that answers kept by earlier versions are found.
        fingerprint = hashlib.sha256(b"\0".join((fingerprint, query, if_match))).digest()
    return Key(principal, route, checked_key(header), fingerprint)


async def idempotent(store: IdempotencyStore, key: Key, run: Callable[[], Awaitable[Reply]]) -> tuple[Reply, bool]:
    """The reply, and whether it is one given before.

    An exception, or a reply of 500 and more, is not kept: the same request may be tried again. After a failure that is
    no refusal it may not once a transaction of it was committed.

    Raises StillRunning (409, `Retry-After`), KeyReused (422) and AnswerLost (409).
    """
    begun = await store.begin(key)
    if isinstance(begun, Reply):
        return begun, True

    async def note(tx: Transaction) -> None:
        await store.note(tx, key, begun)

    try:
        with noting(note):
            reply = await run()
    except MerxError as error:
        await store.abandon(key, begun, refused=not isinstance(error, Unavailable))
        raise
    except BaseException:
        await store.abandon(key, begun)
        raise
    if reply.status >= 500:
        await store.abandon(key, begun)
    else:
        await _keep(store, key, begun, reply)
    return reply, False


async def _keep(store: IdempotencyStore, key: Key, begun: Claimed, reply: Reply) -> None:
    """Whoever waits for the answer gets it, also when it cannot be kept."""
    try:
        await store.complete(key, begun, reply)
    except Unavailable:
        logger.warning("an answer could not be kept for its idempotency key")
