"""Invariants over HTTP."""

from litestar import Controller, get
from litestar.di import NamedDependency

from merx.contexts.operations.usecases.invariants import CheckInvariantsHandler, InvariantReport
from merx.infra.http.auth import staff


class InvariantsController(Controller):
    path = "/invariants"
    tags = ("operations",)

    @get(
        "/",
        guards=[staff("operations:read")],
        operation_id="CheckInvariants",
        summary="Check what must always be true of the data",
    )
    async def check(self, check_invariants: NamedDependency[CheckInvariantsHandler]) -> InvariantReport:
        """Walks over whole tables, as `merx invariants` does: for a person or an hourly probe, not for each page."""
        return await check_invariants()
