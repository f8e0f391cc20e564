"""Payments over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from merx.contexts.payments.api import PaymentMethod
from merx.contexts.payments.ports.repositories import PaymentQueries, PaymentView
from merx.contexts.payments.usecases.collect import CollectCash, CollectCashHandler
from merx.contexts.payments.usecases.facade import PaymentsFacade
from merx.infra.http.auth import public, staff
from merx.infra.http.once import once
from merx.kernel.actor import Actor
from merx.kernel.money import MAX_AMOUNT, Money, exponent
from merx.kernel.rights import Limit

Amount = Annotated[int, QueryParameter(ge=0, le=MAX_AMOUNT, description="minor units")]
# Limits of an annotated type are not looked at below a QueryParameter: they are said again.
Currency = Annotated[str, QueryParameter(pattern=r"^[A-Z]{3}\Z", description="ISO 4217 code")]
Country = Annotated[str, QueryParameter(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2")]


class PaymentController(Controller):
    path = "/payments"
    tags = ("payments",)

    @get("/methods", guards=[public], operation_id="ListPaymentMethods", summary="Ways to pay")
    async def methods(
        self, amount: Amount, currency: Currency, country: Country, payments: NamedDependency[PaymentsFacade]
    ) -> list[PaymentMethod]:
        """How this amount can be paid there."""
        exponent(currency)
        return payments.methods(Money(amount, currency), country)

    @get("/{payment_id:uuid}", guards=[staff("payments:read")], operation_id="GetPayment", summary="One payment")
    async def payment(
        self, payment_id: FromPath[UUID], payment_queries: NamedDependency[PaymentQueries]
    ) -> PaymentView:
        return await payment_queries.payment(payment_id)

    @post(
        "/cod/collections",
        guards=[staff("payments:write", limits=(Limit.amount,), fresh=True)],
        operation_id="CollectCash",
        summary="Note that cash on delivery was taken",
        **once(required=True),
    )
    async def collect(
        self,
        data: JSONBody[CollectCash],
        actor: NamedDependency[Actor],
        collect_cash: NamedDependency[CollectCashHandler],
        payment_queries: NamedDependency[PaymentQueries],
    ) -> PaymentView:
        """The courier took the money; the same receipt twice is one collection."""
        await collect_cash(actor, data)
        return await payment_queries.payment(data.payment_id)
