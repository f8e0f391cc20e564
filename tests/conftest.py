"""Fixtures for every test: the real servers (started only when a test asks for one)."""

import asyncio
import gc
import re
from collections.abc import Callable
from pathlib import Path

import pytest

_FIXTURES = ("tests.support.servers", "tests.support.keycloak.server", "tests.support.keycloak.realm")
pytest.register_assert_rewrite(*_FIXTURES)
_ALL_SERVICES = re.compile(r"^pytestmark = .*pytest\.mark\.services\b", re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        # This process shares the tests out and runs none: the others wait until it has loaded what it needs.
        return
    for name in _FIXTURES:
        config.pluginmanager.import_plugin(name)
    from tests.support.properties import settle_examples
    from tests.support.usual_log import log_as_usual

    settle_examples()
    log_as_usual()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file whose tests all need services is not loaded where none of them is wanted: taskiq alone takes 0.2 s."""
    if "not services" not in config.getoption("markexpr") or collection_path.suffix != ".py":
        return None
    return _ALL_SERVICES.search(collection_path.read_text()) is not None or None


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    from tests.support.hurried import HurriedLoop

    return {"hurried": HurriedLoop} if item.get_closest_marker("hurried") else {"usual": asyncio.new_event_loop}


_OF_ALL = re.compile(r"tests/(matrix|security)/|/test_(s\d\d_\w+|hostile_input)\.py::|/audit/test_coverage\.py::")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is made from the router or the source, and the rows of the security list (docs/decisions/0025)."""
    for item in items:
        if _OF_ALL.search(item.nodeid):
            item.add_marker("proofs")


# Collecting makes half a million objects that stay: the collector looks at them seldom, and after that never again.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    gc.freeze()


def pytest_sessionfinish() -> None:
    """What the last tests left is found here; pytest looks five times more, at what is left after the first."""
    gc.collect()
    gc.freeze()
