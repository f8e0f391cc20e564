"""The first data of a shop, and `merx import`: bad rows told, stopped at any moment, started again, nothing twice."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from merx.bootstrap.catalogue_import import CatalogueFile, import_file
from merx.bootstrap.container import App
from merx.bootstrap.migrate import upgrade
from merx.bootstrap.seed import CUSTOMER, STAFF, fill, seed
from merx.contexts.catalog.events import ProductsChanged
from merx.contexts.catalog.ports.queries import ListFilter
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.usecases.login import Login
from merx.infra.postgres import compiled
from merx.infra.settings import Settings, SettingsError
from tests.support.apps import new_app

STATE = compiled(
    """
    select (select count(*) from catalog.listing), (select count(*) from catalog.variant),
           (select sum(on_hand)::bigint from inventory.stock), (select count(*) from inventory.movement),
           (select count(*) from catalog.import_run where finished)
    """
)


def rows(count: int, **fields: Any) -> list[bytes]:
    base = {"category": ["Home", "Lamps"], "price": 10, "currency": "USD", "brand": "Acme"} | fields
    return [msgspec.json.encode({"id": f"{n}", "name": f"Lamp {n}"} | base) for n in range(count)]


def write(path: Path, lines: list[bytes], *, zipped: bool = False) -> Path:
    content = b"\n".join(lines)
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    app = new_app(Settings(storage="memory", data_dir=str(tmp_path / "data")))
    yield app
    await app.close()


def silent(*_: Any) -> None:
    return


class TestFile:
    @pytest.mark.parametrize("zipped", [False, True])
    def test_what_it_is_is_told_by_its_bytes(self, tmp_path, zipped):
        source = CatalogueFile(write(tmp_path / "any.name", rows(3), zipped=zipped))
        source.count_lines()
        source.read_digest()
        with source.open() as stream:
            assert stream.read().count(b"\n") == 2
        assert (source.lines, len(source.digest)) == (3, 64)

    def test_the_sample(self):
        source = CatalogueFile(None)
        source.count_lines()
        assert (source.name, source.lines) == ("sample", 2000)

    def test_a_file_that_breaks_off_counts_up_to_there(self, tmp_path):
        path = write(
            tmp_path / "x.gz", [b"x" * 100_000 + os.urandom(50_000).replace(b"\n", b"") for _ in range(20)], zipped=True
        )
        path.write_bytes(path.read_bytes()[:-200_000])
        source = CatalogueFile(path)
        source.count_lines()
        assert 0 < source.lines < 20


class TestImport:
    async def test_bad_rows_are_told_good_ones_go_in(self, app, tmp_path):
        lines = rows(30)
        lines[3], lines[7], lines[9] = b"{", rows(1, price=0)[0], lines[8]
        source = CatalogueFile(write(tmp_path / "a b.jsonl", lines))
        seen: list[tuple[int, int | None]] = []
        report, run = await import_file(app, source, lambda done, total: seen.append((done, total)), default_stock=7)
        assert (report.products, report.refused, report.done_before) == (27, 3, False)
        assert [problem.line for problem in report.problems] == [4, 8, 10]
        assert report.problems_file == tmp_path / "data" / "import-problems-a_b.jsonl.jsonl"
        told = [msgspec.json.decode(line) for line in report.problems_file.read_bytes().splitlines()]
        assert [problem["line"] for problem in told] == [4, 8, 10]
        assert told[1]["reason"].startswith("price: must be above 0")
        assert seen == [(0, 30), (30, 30)]
        assert not run.finished
        [level] = {stock.on_hand for stock in app.infra.store().table("inventory.stock").values()}
        assert level == 7

    async def test_problems_are_kept_over_a_stop_and_not_told_twice(self, app, tmp_path):
        lines = rows(5)
        lines[1] = lines[4] = b"bad"
        source = CatalogueFile(write(tmp_path / "x", lines))
        report, run = await import_file(app, source, silent)
        assert report.problems_file is not None
        # As if the process had ended after line 3, in the middle of writing.
        run.lines_done, run.refused, run.products = 3, 1, 2
        await app.contexts.catalog.import_catalogue().reached(run, _nothing(3))
        with report.problems_file.open("ab") as file:
            file.write(b'{"line": 99, "rea')
        again, _ = await import_file(app, source, silent)
        assert (again.products, again.refused) == (4 - 1, 2)
        kept = [msgspec.json.decode(line)["line"] for line in report.problems_file.read_bytes().splitlines()]
        assert kept == [2, 5]

    async def test_a_finished_file_is_left_alone_unless_asked(self, app, tmp_path):
        source = CatalogueFile(write(tmp_path / "x", rows(3)))
        _, run = await import_file(app, source, silent)
        await app.contexts.catalog.import_catalogue().finish(run)
        same_content = CatalogueFile(write(tmp_path / "y", rows(3)))
        report, _ = await import_file(app, same_content, silent)
        assert (report.products, report.done_before) == (3, True)
        report, run = await import_file(app, same_content, silent, again=True)
        assert (report.products, report.done_before, run.lines_done) == (3, False, 3)

    async def test_a_file_that_is_not_there(self, app, tmp_path):
        with pytest.raises(FileNotFoundError):
            await import_file(app, CatalogueFile(tmp_path / "none"), silent)


def _nothing(line: int) -> Any:
    from merx.contexts.catalog.usecases.import_catalogue import ImportedBatch

    return ImportedBatch(line, 0, {}, [])


async def test_everything_a_shop_needs_and_a_second_time_nothing(app, tmp_path):
    path = write(tmp_path / "own.jsonl", rows(5, stock=3))
    steps: list[str] = []

    def progress(step: str, done: int, total: int | None) -> None:
        if step not in steps:
            steps.append(step)

    result = await fill(app, path, progress)
    assert result.catalogue.products == 5
    assert steps == ["accounts and shipping", "catalogue", "stock and categories", "search index"]
    for login in (STAFF, CUSTOMER):
        command = Login(email=login.email, password=login.password)
        assert await app.contexts.identity.login()(command, Caller("192.0.2.1", "test"))
    page = await app.contexts.catalog.queries().products(ListFilter(category="lamps"))
    assert [item.in_stock for item in page.items] == [True] * 5
    [tree] = await app.contexts.catalog.queries().category_tree()
    assert tree.product_count == 5
    assert (await app.contexts.shipping.queries().zones(None, 10)).items

    # Search hears again what happens from now on.
    heard = app.registry.of(ProductsChanged(at=app.infra.clock().now(), product_ids=()))
    assert any(one.name.startswith("search.") for one in heard)

    assert (await fill(app, path, progress)).catalogue.done_before
    assert len(steps) == 4


async def test_s44_nothing_is_seeded_in_production():
    settings = Settings(storage="memory", environment="production")
    with pytest.raises(SettingsError):
        await seed(settings, None, silent)


@pytest.mark.services
class TestOnServers:
    @pytest.fixture
    def environment(self, database_url: str, tmp_path: Path) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("MERX_")}
        return own | {
            "MERX_DATABASE_URL": database_url,
            "MERX_DATA_DIR": str(tmp_path / "data"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def start(self, environment: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "merx", "import", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    async def state(self, url: str) -> tuple[int, ...]:
        app = App(Settings(database_url=url))
        try:
            row = await app.database.reader.fetchrow(STATE)
            assert await app.contexts.inventory.queries().discrepancies() == []
            return tuple(row)
        finally:
            await app.close()

    async def test_the_sample_and_everything_that_follows(self, database_url, tmp_path):
        settings = Settings(database_url=database_url, data_dir=str(tmp_path / "data"))
        result = await seed(settings, None, silent)
        assert (result.catalogue.products, result.catalogue.refused) == (2000, 0)
        app = App(settings)
        try:
            found = await app.contexts.catalog.queries().products(ListFilter(in_stock=True))
            assert len(found.items) == 20
            assert await app.contexts.inventory.queries().discrepancies() == []
            waiting = compiled("select count(*) from platform.outbox_delivery where state <> 'done'")
            assert await app.database.reader.fetchval(waiting) == 0
        finally:
            await app.close()
        assert (await seed(settings, None, silent)).catalogue.done_before

    async def test_killed_in_the_middle_and_started_again(self, database_url, environment, tmp_path):
        path = write(tmp_path / "many.jsonl.gz", [*rows(9_000), b"bad"], zipped=True)
        first = self.start(environment, path, "--default-stock", 3)
        app = App(Settings(database_url=database_url))
        reached = compiled("select coalesce(max(lines_done), 0) from catalog.import_run")
        deadline = time.monotonic() + 60
        while await app.database.reader.fetchval(reached) < 2_000:
            assert time.monotonic() < deadline
            assert first.poll() is None
            await asyncio.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        stopped_at = await app.database.reader.fetchval(reached)
        await app.close()
        assert stopped_at < 9_000

        second = self.start(environment, path, "--default-stock", 3)
        said, told = second.communicate(timeout=120)
        assert second.returncode == 0, told
        assert said.splitlines()[-1] == "9,000 products are in the shop, 1 rows were refused."
        assert told.startswith("line 9001: not valid JSON")
        assert await self.state(database_url) == (9_000, 9_000, 27_000, 9_000, 1)

        third = self.start(environment, path)
        assert "was imported before" in third.communicate(timeout=60)[0]
        assert await self.state(database_url) == (9_000, 9_000, 27_000, 9_000, 1)

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (["/no/such/file"], 1, "No such file"),
            (["x", "--default-stock", "-1"], 2, "a whole number"),
            ([], 2, "required"),
        ],
    )
    def test_one_sentence_when_it_cannot(self, environment, arguments, code, said):
        shop = self.start(environment, *arguments)
        _, told = shop.communicate(timeout=60)
        assert shop.returncode == code
        assert said in told
        assert "Traceback" not in told

    def test_only_bad_rows(self, environment, tmp_path):
        shop = self.start(environment, write(tmp_path / "bad", [b"x"] * 30))
        said, told = shop.communicate(timeout=60)
        assert shop.returncode == 1
        assert "0 products are in the shop, 30 rows were refused." in said
        assert len(told.splitlines()) == 21
        assert told.splitlines()[-1].startswith("All of them: ")

    def test_a_database_without_schema(self, environment, empty_database_url, tmp_path):
        path = write(tmp_path / "x", rows(1))
        shop = self.start(environment | {"MERX_DATABASE_URL": empty_database_url}, path)
        _, told = shop.communicate(timeout=60)
        assert (shop.returncode, told) == (1, "merx: The database schema is missing or too old; run: merx migrate\n")
        upgrade(empty_database_url)
        again = self.start(environment | {"MERX_DATABASE_URL": empty_database_url}, path)
        assert "1 products" in again.communicate(timeout=60)[0]
