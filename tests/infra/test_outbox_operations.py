"""What operators see of the outbox, and the failpoints of crash tests."""

import argparse
import os
import subprocess
import sys

import pytest

from merx.bootstrap.commands import replay, worker
from merx.infra import failpoints
from merx.infra.metrics import registry
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.gauges import OutboxGauges
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.settings import Settings, SettingsError
from merx.kernel.errors import Invalid
from tests.support.servers import run_aside
from tests.support.shelf import Shelved, postgres_storage, shelved


async def dead_letter(owner_url: str) -> None:
    from merx.infra.postgres import Database

    async def refuse(_: Shelved) -> None:
        raise Invalid("never")

    database = Database(Settings(database_url=owner_url))
    storage = await postgres_storage(database)
    storage.registry.add(Subscriber("toy.refuse", Shelved, refuse))
    async with storage.uow() as uow:
        uow.emit(*shelved(["A", "B"]))
        await uow.commit()
    deliveries = PostgresDeliveries(database)
    await Deliverer(deliveries, storage.registry).drain()
    await OutboxGauges(deliveries).measure()
    await database.close()


@pytest.mark.services
def test_dead_letters_are_shown_counted_and_run_again(
    owner_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_aside(dead_letter(owner_url))
    assert registry.get_sample_value("merx_outbox_dead") == 2
    assert registry.get_sample_value("merx_outbox_pending") == 0
    monkeypatch.setenv("MERX_DATABASE_URL", database_url)

    def merx_replay(*arguments: str) -> str:
        parser = argparse.ArgumentParser()
        replay.configure(parser)
        assert replay.run(parser.parse_args(arguments)) == 0
        return capsys.readouterr().out

    listed = merx_replay("--list").splitlines()
    assert len(listed) == 2
    assert "toy.refuse  toy.shelved.v1  Invalid: never" in listed[0]
    assert merx_replay("--list", "--subscriber", "toy.other") == ""
    assert merx_replay("--id", listed[0].split()[0]) == "1 dead letters run again\n"
    assert merx_replay() == "1 dead letters run again\n"


def test_memory_has_no_worker_and_no_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERX_STORAGE", "memory")
    with pytest.raises(SettingsError):
        worker.run(argparse.Namespace(check=None, heartbeat=None))
    with pytest.raises(SettingsError):
        replay.run(argparse.Namespace(list=True, subscriber=None, id=None, data=None))


def test_a_failpoint_ends_the_process_at_its_turn() -> None:
    code = """
from merx.infra.failpoints import arm, failpoint
from merx.infra.settings import Settings
failpoint("a")
arm(Settings(failpoints="b, a:2"))
failpoint("a")
print("still here", flush=True)
failpoint("a")
print("never", flush=True)
"""
    ended = subprocess.run(  # noqa: PLW1510 - the exit code is what is asked
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    assert (ended.returncode, ended.stdout) == (137, "still here\n")


def test_production_refuses_failpoints() -> None:
    with pytest.raises(RuntimeError, match="production"):
        failpoints.arm(Settings(environment="production", failpoints="a"))
