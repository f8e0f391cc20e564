"""What is always true of payments."""

from collections.abc import Iterable

from merx.infra.invariants import RowsAre
from merx.infra.memory import MemoryStore


def _unproved(store: MemoryStore) -> Iterable[object]:
    for payment in store.table("payments.payment").values():
        told = sum(news.amount for news in payment.history if news.kind == "captured" and news.applied)
        if payment.captured != told or not 0 <= payment.refunded <= payment.captured <= payment.amount.amount:
            yield payment.id


PROMISES = (
    RowsAre(
        name="payments.money-is-proved",
        promise="What counts as taken is what the history of the payment says, never more than is due; no more is given"
        " back than was taken.",
        sql="""
            select p.id from payments.payment p left join (
                select payment_id, sum(amount) as told from payments.payment_event
                where kind = 'captured' and applied group by 1
            ) news on news.payment_id = p.id
            where p.captured <> coalesce(news.told, 0) or p.refunded > p.captured or p.captured > p.amount_amount
        """,
        memory=_unproved,
    ),
)
