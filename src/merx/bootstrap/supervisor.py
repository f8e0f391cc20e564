"""Keeps a few processes running on one machine: starts them in order, restarts what dies, ends all of them."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from merx.infra.embedded import Process, processes, spawn

LOOK_SECONDS = 0.2
BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
HEALTHY_SECONDS = 30.0
LARGEST_LOG = 10 * 2**20


class Runnable(Protocol):
    """Something with a life of its own. `start` may be called again after it died."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def alive(self) -> bool: ...


class Child:
    """A Merx process of our own (`python -m merx …`), its output in a log file."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], log: Path, record: Path, grace: float = 6.0
    ) -> None:
        self.process: Process | None = None
        self.log = log
        self._command = command
        self._env = env
        self._record = record
        self._grace = grace

    def alive(self) -> bool:
        return self.process is not None and self.process.alive()

    async def start(self) -> None:
        if self.process is not None:
            await self.process.stop()  # what a dead one left running
        self.process = spawn(
            self._command,
            log=self.log,
            cwd=Path.cwd(),
            env=self._env,
            parent_death_signal=signal.SIGTERM,
        )
        # Where the system does not tell a child that its parent died, the next start finds it by this.
        record = {"pid": self.process.pid, "birth": processes.birth(self.process.pid)}
        self._record.write_text(json.dumps(record))

    async def stop(self) -> None:
        if self.process is not None:
            await self.process.stop((signal.SIGTERM, self._grace))
        self._record.unlink(missing_ok=True)


async def end_survivors(run: Path) -> None:
    """Ends the children of a supervisor that was killed before it could do that itself."""
    for record in _records(run):
        with contextlib.suppress(ValueError, KeyError, OSError):
            found = json.loads(record.read_text())
            if found["birth"] and processes.birth(found["pid"]) == found["birth"]:
                await Process(found["pid"]).stop((signal.SIGTERM, 5.0))
        record.unlink(missing_ok=True)


def _records(run: Path) -> list[Path]:
    return list(run.glob("*.child"))


def rotate(log: Path) -> None:
    """Puts a large log aside, one old one is kept. Call it while nobody writes."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name(log.name + ".1"))


@dataclass(slots=True)
class _Kept:
    name: str
    unit: Runnable
    stage: int
    started: float = 0.0
    deaths: int = 0
    again: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Supervisor:
    """Units of a higher stage stand on those of a lower one: they start later and stop earlier.

    `tell` gets one line for people about each death. Use it as an async context manager: leaving the block stops
    everything, whatever happened inside.
    """

    tell: Callable[[str], None]
    _kept: list[_Kept] = field(default_factory=list)
    _watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Supervisor":
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def add(self, name: str, unit: Runnable, *, stage: int) -> None:
        """Starts it now and keeps it running. Raises what the first start raises."""
        kept = _Kept(name, unit, stage, again=asyncio.current_task())
        self._kept.append(kept)
        await unit.start()
        kept.started = time.monotonic()
        kept.again = None

    def deaths(self, name: str) -> int:
        """How often it ended by itself since it last stayed up for half a minute."""
        return next(kept.deaths for kept in self._kept if kept.name == name)

    def hurry(self) -> None:
        """A stop that is under way kills our own children instead of asking them."""
        for kept in self._kept:
            process = getattr(kept.unit, "process", None)
            if isinstance(kept.unit, Child) and process is not None and process.alive():
                process.send(signal.SIGKILL)

    async def stop(self) -> None:
        """Highest stage first, the units of one stage together."""
        if self._watcher is not None:
            self._watcher.cancel()
        for kept in self._kept:
            if kept.again is not None and kept.again is not asyncio.current_task():
                kept.again.cancel()
                await asyncio.gather(kept.again, return_exceptions=True)
        for stage in sorted({kept.stage for kept in self._kept}, reverse=True):
            units = [kept.unit for kept in self._kept if kept.stage == stage]
            await asyncio.gather(*(unit.stop() for unit in units), return_exceptions=True)
        self._kept.clear()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for kept in self._kept:
                if kept.again is None and not kept.unit.alive():
                    kept.again = asyncio.create_task(self._start_again(kept))

    async def _start_again(self, kept: _Kept) -> None:
        while True:
            if time.monotonic() - kept.started > HEALTHY_SECONDS:
                kept.deaths = 0
            pause = BACKOFF_SECONDS[min(kept.deaths, len(BACKOFF_SECONDS) - 1)]
            kept.deaths += 1
            self.tell(f"{kept.name} ended{_how(kept.unit)}; starting it again" + (f" in {pause:g} s" if pause else ""))
            await asyncio.sleep(pause)
            try:
                kept.started = time.monotonic()
                await kept.unit.start()
            except Exception as error:
                self.tell(f"{kept.name} does not start: {error}")
                continue
            kept.again = None
            return


def _how(unit: Runnable) -> str:
    process = getattr(unit, "process", None)
    code = process.exit_code if isinstance(process, Process) else None
    if code is None:
        return ""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f" by {signal.Signals(-code).name}"
    return f" with code {code}"


class StopRequest:
    """Ctrl-C, SIGTERM and SIGHUP as one event. `on_repeat` is called for every further one."""

    def __init__(self) -> None:
        self.happened = asyncio.Event()
        self.on_repeat: Callable[[], None] = lambda: None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._ask)

    def _ask(self) -> None:
        if self.happened.is_set():
            self.on_repeat()
        self.happened.set()


def python_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Merx child: ours, this very package first on its path, and `extra`."""
    package_root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **extra}
