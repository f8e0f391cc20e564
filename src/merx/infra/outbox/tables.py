"""Rows of the outbox and of periodic jobs. The statements on them are set-wise SQL in the adapters beside this."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from merx.infra.postgres.columns import Base
from merx.infra.postgres.words import IDENTIFIER, PERSONAL, PLAIN, SECRET

SCHEMA = "platform"
_TIME = DateTime(timezone=True)

# No foreign key from delivery to event: one statement writes both, one job removes both, and the check would cost a
# tenth of every order.
OUTBOX_EVENT = Table(
    "outbox_event",
    Base.metadata,
    Column("id", Uuid, primary_key=True, info=IDENTIFIER),
    Column("tag", Text, nullable=False, info=PLAIN),
    Column("payload", JSONB, nullable=False, info=PERSONAL),
    Column("at", _TIME, nullable=False, info=PLAIN),
    schema=SCHEMA,
)

# `attempts` counts runs begun; `failures` those that count against the limit: an unexpected exception, or a process
# that ended during the run. A dependency that is away is no fault of the event and is not counted there.
OUTBOX_DELIVERY = Table(
    "outbox_delivery",
    Base.metadata,
    Column("id", Uuid, primary_key=True, info=IDENTIFIER),
    Column("event_id", Uuid, nullable=False, info=IDENTIFIER),
    Column("subscriber", Text, nullable=False, info=PLAIN),
    Column("state", Text, nullable=False, server_default="pending", info=PLAIN),
    Column("attempts", Integer, nullable=False, server_default="0", info=PLAIN),
    Column("failures", SmallInteger, nullable=False, server_default="0", info=PLAIN),
    Column("run_after", _TIME, nullable=False, server_default=func.now(), info=PLAIN),
    Column("lease_until", _TIME, info=PLAIN),
    Column("lease_token", Uuid, info=SECRET),
    Column("last_error", Text, info=PERSONAL),
    Column("created_at", _TIME, nullable=False, server_default=func.now(), info=PLAIN),
    Column("done_at", _TIME, info=PLAIN),
    CheckConstraint("state in ('pending', 'done', 'dead')", name="state"),
    # Done rows, nearly all of the table, are not in it: the queue stays as small as the work that waits.
    Index("ix_outbox_delivery_open", "state", "run_after", postgresql_where=text("state <> 'done'")),
    schema=SCHEMA,
    # Each row is updated two or three times soon after its birth: room on its page, and frequent cleaning.
    postgresql_with={"fillfactor": 85, "autovacuum_vacuum_scale_factor": 0.02},
)

# The primary key decides who runs a slot; two schedulers are no danger.
JOB_RUN = Table(
    "job_run",
    Base.metadata,
    Column("job", Text, primary_key=True, info=PLAIN),
    Column("slot", _TIME, primary_key=True, info=PLAIN),
    Column("delivery_id", Uuid, nullable=False, info=PLAIN),
    Column("created_at", _TIME, nullable=False, server_default=func.now(), info=PLAIN),
    schema=SCHEMA,
)

# A job that stands here is paused, for every scheduler and every worker.
JOB_PAUSE = Table(
    "job_pause",
    Base.metadata,
    Column("job", Text, primary_key=True, info=PLAIN),
    Column("paused_at", _TIME, nullable=False, info=PLAIN),
    schema=SCHEMA,
)
