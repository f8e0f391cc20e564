"""What payments holds of people: money for orders. The books stay, words that customers wrote do not."""

from collections.abc import Iterator
from typing import Any

import msgspec

from merx.contexts.payments.domain.payment import Payment, PaymentState
from merx.infra.personal_data import OF_ORDERS, MemoryRows, TableData, values_of
from merx.infra.personal_data.memory import Table
from merx.kernel.personal_data import Subject

_BOOKS = "tax law: ten years after the year of the payment; it names an order, which names nobody any more"
# The reference of these is the reason that somebody gave.
_WORDS = ("voided", "reduced", "failed")
_UNFINISHED = (PaymentState.created, PaymentState.pending, PaymentState.authorized, PaymentState.disputed)

TABLES = (
    TableData(
        table="payments.payment",
        owner=OF_ORDERS,
        because=_BOOKS,
    ),
    TableData(
        table="payments.payment_event",
        owner=f"payment_id in (select id from payments.payment where {OF_ORDERS})",  # noqa: S608 - fixed text
        erase="blank",
        blank={"reference": f"case when kind in {_WORDS} then '' else reference end"},
        because=_BOOKS,
    ),
)
MATTERS = {"payments": f"select from payments.payment where {OF_ORDERS} and state in {tuple(map(str, _UNFINISHED))}"}


def memory_matters(table: Table, subject: Subject) -> list[str]:
    found = (payment for payment in table("payments.payment").values() if payment.order_id in subject.order_ids)
    return ["payments"] if any(payment.state in _UNFINISHED for payment in found) else []


def _forget(payment: Payment) -> Payment:
    payment.history = [
        msgspec.structs.replace(news, reference="") if news.kind in _WORDS else news for news in payment.history
    ]
    return payment


def _shown(payment: Payment, _: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "payments.payment", values_of(payment)
    for position, news in enumerate(payment.history):
        yield "payments.payment_event", values_of(news, payment_id=payment.id, position=position)


ROWS = (
    MemoryRows(
        table="payments.payment",
        owns=lambda row, subject: row.order_id in subject.order_ids,
        forget=_forget,
        shown=_shown,
    ),
)
