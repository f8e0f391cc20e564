"""The trail over HTTP, for staff: read and proved, never written."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from merx.contexts.audit.domain.proof import Verdict
from merx.contexts.audit.ports.queries import AuditFilter, AuditQueries, AuditView
from merx.contexts.audit.usecases.verify import VerifyTrailHandler
from merx.infra.http.auth import staff
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.kernel.paging import Page
from merx.kernel.ports import Clock

_READ = staff("audit:read")

_Text = Annotated[str | None, QueryParameter(max_length=200, pattern=r"^[\x21-\x7e]+\Z")]
_Action = Annotated[
    str | None,
    QueryParameter(
        max_length=100,
        pattern=r"^[a-z-]+(\.[a-z-]+)?\Z",
        description="what was done, `catalog.product-edited`; `catalog` alone is everything there",
    ),
]
# Called otherwise than the parameter: `actor` is who asks.
_Actor = Annotated[UUID | None, QueryParameter(name="actor", description="an account or an API key")]
_Moment = Annotated[datetime | None, QueryParameter(description="RFC 3339; without an offset in UTC")]


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


class AuditController(Controller):
    path = "/audit"
    tags = ("audit",)

    @get("/", guards=[_READ], operation_id="ListAudit", summary="What staff did and what happened at the doors")
    async def list_entries(
        self,
        *,
        audit_queries: NamedDependency[AuditQueries],
        by: _Actor = None,
        action: _Action = None,
        target: _Text = None,
        target_id: _Text = None,
        request_id: _Text = None,
        since: _Moment = None,
        until: _Moment = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[AuditView]:
        """Newest first. `actor` finds what staff did in the place of others too."""
        return await audit_queries.page(
            AuditFilter(
                actor_id=by,
                action=action,
                target=target,
                target_id=target_id,
                request_id=request_id,
                since=_in_utc(since),
                until=_in_utc(until),
                limit=limit,
                after=after,
            )
        )

    @get("/verify", guards=[_READ], operation_id="VerifyAudit", summary="Whether the trail is as it was written")
    async def verify(
        self,
        verify_trail: NamedDependency[VerifyTrailHandler],
        audit_clock: NamedDependency[Clock],
        day: FromQuery[date | None] = None,
    ) -> Verdict:
        """One day in UTC, today without `day`. The whole trail is proved by `merx audit verify --all`."""
        return await verify_trail(day or audit_clock.now().date())
