"""What a process asks before it calls itself ready."""

import msgspec
import pytest

from merx.bootstrap.container import build
from merx.infra.health import Check, Health
from merx.infra.settings import Settings


async def checks(settings: Settings) -> tuple[bool, dict[str, Check]]:
    app = build(settings)
    try:
        report = await Health(app.probes).report()
    finally:
        await app.close()
    return report.ready, {check.name: check for check in report.checks}


@pytest.mark.services
async def test_a_shop_without_redis_is_ready_and_says_what_it_misses(
    database_url: str, redis_url: str, tmp_path: object
) -> None:
    settings = Settings(database_url=database_url, redis_url=redis_url, data_dir=str(tmp_path))
    ready, found = await checks(settings)
    assert ready
    assert {name: check.ok for name, check in found.items() if check.required} == {"postgres": True, "schema": True}
    assert found["redis"].ok
    away = msgspec.structs.replace(settings, redis_url="redis://127.0.0.1:1/0")
    ready, found = await checks(away)
    assert (ready, found["redis"].problem) == (True, "Unavailable")


async def test_a_shop_in_memory_asks_no_server() -> None:
    ready, found = await checks(Settings(storage="memory"))
    assert ready
    assert not {"postgres", "schema", "redis"} & set(found)
