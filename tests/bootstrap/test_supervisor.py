"""Real processes under the supervisor: what dies comes back, and nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from merx.bootstrap.supervisor import Child, Supervisor, end_survivors, rotate
from merx.infra.embedded import processes

pytestmark = pytest.mark.services  # no server, but processes that are started and killed

SLEEPER = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).wait()"


def child(tmp_path: Path, code: str, name: str = "c", grace: float = 5.0) -> Child:
    return Child(
        [sys.executable, "-c", code],
        env=dict(os.environ),
        log=tmp_path / f"{name}.log",
        record=tmp_path / f"{name}.child",
        grace=grace,
    )


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)


def pid_of(unit: Child) -> int:
    assert unit.process is not None
    return unit.process.pid


async def test_what_dies_is_started_again_at_once(tmp_path: Path) -> None:
    told: list[str] = []
    async with Supervisor(tell=told.append) as supervisor:
        unit = child(tmp_path, SLEEPER)
        await supervisor.add("worker", unit, stage=1)
        first = pid_of(unit)
        os.kill(first, signal.SIGKILL)
        await until(lambda: pid_of(unit) != first and unit.alive(), 2)
        last = pid_of(unit)
        assert told == ["worker ended by SIGKILL; starting it again"]
    assert not processes.running(last)


async def test_what_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    told: list[str] = []
    async with Supervisor(tell=told.append) as supervisor:
        await supervisor.add("API", child(tmp_path, "raise SystemExit(7)"), stage=1)
        await until(lambda: len(told) >= 3)
        assert supervisor.deaths("API") >= 3
    assert told[0] == "API ended with code 7; starting it again"
    assert told[1].endswith("in 0.5 s")
    assert told[2].endswith("in 1 s")


async def test_one_that_can_not_start_does_not_stop_the_watch_over_others(tmp_path: Path) -> None:
    class Slow:
        begun = 0

        async def start(self) -> None:
            self.begun += 1
            if self.begun > 1:
                await asyncio.sleep(60)

        async def stop(self) -> None:
            return

        def alive(self) -> bool:
            return False

    slow = Slow()
    async with Supervisor(tell=lambda line: None) as supervisor:
        await supervisor.add("slow", slow, stage=1)
        await until(lambda: slow.begun == 2)
        unit = child(tmp_path, SLEEPER)
        await supervisor.add("other", unit, stage=1)
        first = pid_of(unit)
        os.kill(first, signal.SIGKILL)
        await until(lambda: pid_of(unit) != first, 2)


async def test_whatever_a_start_fails_with_it_is_tried_again() -> None:
    class Odd:
        starts = 0

        async def start(self) -> None:
            self.starts += 1
            if self.starts == 2:
                raise RuntimeError("nobody thought of this")

        async def stop(self) -> None:
            return

        def alive(self) -> bool:
            return self.starts > 2

    odd, told = Odd(), list[str]()
    async with Supervisor(tell=told.append) as supervisor:
        await supervisor.add("odd", odd, stage=1)
        await until(odd.alive)
    assert "odd does not start: nobody thought of this" in told


async def test_higher_stages_stop_first_and_a_stage_stops_together(tmp_path: Path) -> None:
    stopped: list[str] = []

    class Noted(Child):
        async def stop(self) -> None:
            await super().stop()
            stopped.append(self.log.stem)

    def noted(name: str) -> Noted:
        made = child(tmp_path, SLEEPER, name)
        made.__class__ = Noted
        assert isinstance(made, Noted)
        return made

    async with Supervisor(tell=lambda line: None) as supervisor:
        for name, stage in (("database", 1), ("api", 2), ("worker", 2)):
            await supervisor.add(name, noted(name), stage=stage)
    assert stopped[-1] == "database"
    assert set(stopped) == {"api", "worker", "database"}
    assert list(tmp_path.glob("*.child")) == []


async def test_one_that_ignores_the_polite_signal_is_killed_with_all_its_children(tmp_path: Path) -> None:
    stubborn = child(tmp_path, STUBBORN, "stubborn", grace=0.3)
    parent = child(tmp_path, PARENT, "parent", grace=0.3)
    async with Supervisor(tell=lambda line: None) as supervisor:
        await supervisor.add("stubborn", stubborn, stage=1)
        await supervisor.add("parent", parent, stage=1)
        await until(lambda: "up" in stubborn.log.read_text())
        children = Path(f"/proc/{pid_of(parent)}/task/{pid_of(parent)}/children")
        await until(lambda: children.read_text().strip())
        grandchild = int(children.read_text())
        began = time.monotonic()
    assert time.monotonic() - began < 3
    for pid in (pid_of(stubborn), pid_of(parent)):
        assert not processes.running(pid)
    await until(lambda: not processes.running(grandchild), 2)


async def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    stubborn = child(tmp_path, STUBBORN, grace=30)
    async with Supervisor(tell=lambda line: None) as supervisor:
        await supervisor.add("stubborn", stubborn, stage=1)
        await until(lambda: "up" in stubborn.log.read_text())
        began = time.monotonic()
        asyncio.get_running_loop().call_later(0.2, supervisor.hurry)
    assert time.monotonic() - began < 5


async def test_leaving_by_an_error_stops_everything(tmp_path: Path) -> None:
    unit = child(tmp_path, SLEEPER)

    async def fail() -> None:
        async with Supervisor(tell=lambda line: None) as supervisor:
            await supervisor.add("c", unit, stage=1)
            raise RuntimeError("a later step failed")

    with pytest.raises(RuntimeError):
        await fail()
    assert not unit.alive()


def _supervise_and_die(tmp_path: Path) -> int:
    script = f"""
        import asyncio, os, pathlib, signal, sys
        from merx.bootstrap.supervisor import Child
        base = pathlib.Path({str(tmp_path)!r})
        child = Child([sys.executable, "-c", {SLEEPER!r}], env=dict(os.environ), log=base / "c.log",
                      record=base / "c.child")
        asyncio.run(child.start())
        print(child.process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_children_of_a_killed_supervisor_end(tmp_path: Path) -> None:
    pid = await asyncio.to_thread(_supervise_and_die, tmp_path)
    await until(lambda: not processes.running(pid))


async def test_the_next_start_ends_survivors_and_nobody_else(tmp_path: Path) -> None:
    ours = subprocess.Popen([sys.executable, "-c", SLEEPER])
    stranger = subprocess.Popen([sys.executable, "-c", SLEEPER])
    try:
        birth = processes.birth(ours.pid)
        (tmp_path / "a.child").write_text(f'{{"pid": {ours.pid}, "birth": "{birth}"}}')
        (tmp_path / "b.child").write_text(f'{{"pid": {stranger.pid}, "birth": "another process had this pid"}}')
        (tmp_path / "c.child").write_text("half writt")
        await end_survivors(tmp_path)
        assert not processes.running(ours.pid)
        assert stranger.poll() is None
        assert list(tmp_path.glob("*.child")) == []
    finally:
        for process in (ours, stranger):
            process.kill()
            process.wait()


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("small")
    rotate(log)
    assert log.exists()
    with log.open("wb") as big:
        big.truncate(11 * 2**20)
    rotate(log)
    assert not log.exists()
    assert (tmp_path / "api.log.1").exists()
