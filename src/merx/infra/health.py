"""Is this process alive, started, and able to serve? Each adapter brings a probe; nothing here knows what it probes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

import msgspec
from loguru import logger

PROBE_SECONDS = 1.0
FRESH_SECONDS = 1.0


class Probe(msgspec.Struct, frozen=True):
    """`check` raises when the thing is away: `Probe("postgres", database.ping)`.

    Without a `required` one the process is not ready; the loss of another is only shown: a shop sells without search.
    """

    name: str
    check: Callable[[], Awaitable[object]]
    required: bool = True


class Check(msgspec.Struct, frozen=True):
    """The last result of a probe. `problem` names the kind of error only; its text may hold addresses or secrets."""

    name: str
    ok: bool
    required: bool
    ms: float
    problem: str = ""


class Report(msgspec.Struct, frozen=True):
    ready: bool
    checks: list[Check]


class Health:
    """Runs the probes together, at most once a second however often somebody asks."""

    def __init__(self, probes: Sequence[Probe] = ()) -> None:
        self._probes = tuple(probes)
        self._report: Report | None = None
        self._at = 0.0
        self._running: asyncio.Task[Report] | None = None
        self.started = False

    async def report(self) -> Report:
        """Never raises; takes at most the time of one probe, about a second."""
        if self._report is not None and perf_counter() - self._at < FRESH_SECONDS:
            return self._report
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(self._running)

    async def _run(self) -> Report:
        checks = await asyncio.gather(*(_check(probe) for probe in self._probes))
        report = Report(all(check.ok or not check.required for check in checks), list(checks))
        if self._report is not None and self._report.ready != report.ready:
            failed = [check.name for check in checks if not check.ok]
            logger.warning("ready again" if report.ready else "not ready: {}", ", ".join(failed))
        self._report, self._at = report, perf_counter()
        return report


async def _check(probe: Probe) -> Check:
    started = perf_counter()
    problem = ""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe.check()
    except TimeoutError:
        problem = "no answer in time"
    except Exception as error:
        problem = type(error).__name__
    return Check(probe.name, not problem, probe.required, round((perf_counter() - started) * 1000, 2), problem)
