"""Periodic jobs over HTTP."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from merx.contexts.operations.ports.jobs import JobQueries, JobView
from merx.contexts.operations.usecases.jobs import SteerJobHandler
from merx.infra.http.auth import staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.kernel.actor import Actor
from merx.kernel.paging import Page
from merx.kernel.ports import Clock

_READ, _WRITE = staff("operations:read"), staff("operations:write", fresh=True)


class JobsController(Controller):
    path = "/scheduler/jobs"
    tags = ("operations",)

    @get("/", guards=[_READ], operation_id="ListJobs", summary="What runs by itself: last run, next run, state")
    async def jobs(
        self,
        job_queries: NamedDependency[JobQueries],
        operations_clock: NamedDependency[Clock],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[JobView]:
        """By name."""
        return await job_queries.page(operations_clock.now(), after, limit)

    @get("/{name:str}", guards=[_READ], operation_id="GetJob", summary="One job")
    async def job(
        self, name: FromPath[str], job_queries: NamedDependency[JobQueries], operations_clock: NamedDependency[Clock]
    ) -> JobView:
        return await job_queries.one(name, operations_clock.now())

    @post("/{name:str}/run", guards=[_WRITE], status_code=202, operation_id="RunJob", summary="Run it now", **once())
    async def run(
        self,
        name: FromPath[str],
        actor: NamedDependency[Actor],
        steer_job: NamedDependency[SteerJobHandler],
        job_queries: NamedDependency[JobQueries],
        operations_clock: NamedDependency[Clock],
    ) -> JobView:
        """A worker begins within a second. 409 while it is paused, and while another run of it waits or works."""
        await steer_job.run(actor, name)
        return await job_queries.one(name, operations_clock.now())

    @post(
        "/{name:str}/pause",
        guards=[_WRITE],
        status_code=200,
        operation_id="PauseJob",
        summary="Let nothing of it begin any more",
        **once(),
    )
    async def pause(
        self,
        name: FromPath[str],
        actor: NamedDependency[Actor],
        steer_job: NamedDependency[SteerJobHandler],
        job_queries: NamedDependency[JobQueries],
        operations_clock: NamedDependency[Clock],
    ) -> JobView:
        """In every scheduler and worker, restarts included, until it is resumed. A run that works ends."""
        await steer_job.pause(actor, name)
        return await job_queries.one(name, operations_clock.now())

    @post(
        "/{name:str}/resume",
        guards=[_WRITE],
        status_code=200,
        operation_id="ResumeJob",
        summary="Let it go on",
        **once(),
    )
    async def resume(
        self,
        name: FromPath[str],
        actor: NamedDependency[Actor],
        steer_job: NamedDependency[SteerJobHandler],
        job_queries: NamedDependency[JobQueries],
        operations_clock: NamedDependency[Clock],
    ) -> JobView:
        """Periods that were missed are made up for by a single run."""
        await steer_job.resume(actor, name)
        return await job_queries.one(name, operations_clock.now())
