"""Dead letters over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from merx.contexts.operations.ports.dead_letters import DeadLetterDetail, DeadLetterQueries, DeadLetterView
from merx.contexts.operations.usecases.dead_letters import Retried, RetryDeadLetters, RetryDeadLettersHandler
from merx.infra.http.auth import staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.kernel.actor import Actor
from merx.kernel.paging import Page

_READ, _WRITE = staff("operations:read"), staff("operations:write", fresh=True)

_Subscriber = Annotated[
    str | None,
    QueryParameter(max_length=100, pattern=r"^[\x21-\x7e]+\Z", description="`notifications.on_order_placed`"),
]


class DeadLettersController(Controller):
    path = "/scheduler/dead-letters"
    tags = ("operations",)

    @get("/", guards=[_READ], operation_id="ListDeadLetters", summary="Deliveries that were given up")
    async def letters(
        self,
        dead_letter_queries: NamedDependency[DeadLetterQueries],
        subscriber: _Subscriber = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[DeadLetterView]:
        """Oldest first."""
        return await dead_letter_queries.page(subscriber, after, limit)

    @get("/{letter_id:uuid}", guards=[_READ], operation_id="GetDeadLetter", summary="One of them, with its event")
    async def letter(
        self, letter_id: FromPath[UUID], dead_letter_queries: NamedDependency[DeadLetterQueries]
    ) -> DeadLetterDetail:
        """Ids, amounts, times and plain words of the event; names, addresses and every other text are `***`."""
        return await dead_letter_queries.one(letter_id)

    @post(
        "/{letter_id:uuid}/retry",
        guards=[_WRITE],
        status_code=202,
        operation_id="RetryDeadLetter",
        summary="Try one again",
        **once(),
    )
    async def retry(
        self,
        letter_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        retry_dead_letters: NamedDependency[RetryDeadLettersHandler],
    ) -> Retried:
        """With a clean record: it has all its attempts again."""
        return await retry_dead_letters.one(actor, letter_id)

    @post(
        "/retry",
        guards=[_WRITE],
        status_code=202,
        operation_id="RetryDeadLetters",
        summary="Try all of a subscriber again",
        **once(),
    )
    async def retry_all(
        self,
        data: JSONBody[RetryDeadLetters],
        actor: NamedDependency[Actor],
        retry_dead_letters: NamedDependency[RetryDeadLettersHandler],
    ) -> Retried:
        return await retry_dead_letters.of(actor, data)
