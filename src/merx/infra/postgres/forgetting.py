"""Rows whose time is over are deleted a batch at a time."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from merx.infra.postgres.compiled import Compiled, compiled


def forget_before(moment: InstrumentedAttribute[datetime]) -> Compiled:
    """Deletes up to `:how_many` rows whose moment is before `:before`, the oldest first.

    A row that somebody holds waits for the next time.
    """
    row = moment.class_
    old = (
        select(row.id)
        .where(moment < bindparam("before"))
        .order_by(moment)
        .limit(bindparam("how_many"))
        .with_for_update(skip_locked=True)
    )
    return compiled(delete(row).where(row.id.in_(old)))
