"""The wiring as a whole: everything can be built on each storage without a service, and every name leads somewhere."""

import asyncio
import socket

import pytest
from dependency_injector import providers

from merx.bootstrap.container import NAMES, App
from merx.infra.settings import Settings
from tests.architecture.tree import container_of, contexts
from tests.support.stage import staged

# Given by whoever wires the context, not built by it.
GIVEN = (providers.Dependency, providers.DependenciesContainer)


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, App]:
    folder = str(tmp_path_factory.mktemp("shop"))
    return {storage: App(Settings(storage=storage, data_dir=folder)) for storage in ("memory", "postgres")}


def test_every_context_is_wired():
    assert set(NAMES) == {path.name for path in contexts() if container_of(path)}


@pytest.mark.parametrize("storage", ["memory", "postgres"])
@pytest.mark.parametrize("name", NAMES)
async def test_everything_can_be_built_without_a_service(
    apps: dict[str, App], storage: str, name: str, monkeypatch: pytest.MonkeyPatch
):
    def no_connection(*_: object, **__: object) -> None:
        raise AssertionError("building a part of the shop opens a connection")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_connection", no_connection)
    monkeypatch.setattr(loop, "create_unix_connection", no_connection)
    monkeypatch.setattr(socket.socket, "connect", no_connection)
    context = getattr(apps[storage].contexts, name)
    for provider in context.providers.values():
        if not isinstance(provider, GIVEN):
            provider()
    await asyncio.sleep(0)


def test_both_storages_offer_the_same(apps: dict[str, App]):
    memory, postgres = apps["memory"], apps["postgres"]
    assert set(memory.handlers) == set(postgres.handlers)
    assert memory.controllers == postgres.controllers
    assert set(memory.registry._by_name) == set(postgres.registry._by_name)
    assert [job.name for job in memory.schedule] == [job.name for job in postgres.schedule]


def test_handlers_ask_for_what_there_is_and_all_of_it_is_asked_for(apps: dict[str, App]):
    app = apps["memory"]
    asked, missing = set(), []
    for route in staged(app.settings, app).routes:
        offered = route.handler.resolve_dependencies()
        for name, parameter in route.handler.parsed_fn_signature.parameters.items():
            if name in offered:
                asked.add(name)
            elif parameter.is_di_field:
                missing.append(f"{route.method} {route.path}: {name}")
    assert missing == []
    assert set(app.handlers) - asked == set(), "nobody asks for these"


def test_no_controller_hides_a_name_of_the_application(apps: dict[str, App]):
    app = apps["memory"]
    hidden = {
        f"{controller.__name__}.{name}"
        for controller in app.controllers
        for name in vars(controller).get("dependencies") or {}
        if name in app.handlers
    }
    assert hidden == set()


def test_two_contexts_with_one_name_are_refused():
    app = App(Settings(storage="memory"))
    taken = next(iter(app.contexts.orders.handlers()))
    app.contexts.catalog.handlers.override(providers.Object({taken: object()}))
    with pytest.raises(ValueError, match=taken):
        _ = app.handlers
