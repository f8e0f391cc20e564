"""Fixtures for every test: the real servers (started only when a test asks for one)."""

import asyncio
import gc
import os
import re
from collections.abc import Callable

import pytest
from hypothesis import settings

from tests.support.hurried import HurriedLoop
from tests.support.usual_log import log_as_usual

pytest_plugins = ["tests.support.servers", "tests.support.keycloak.server", "tests.support.keycloak.realm"]


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"hurried": HurriedLoop} if item.get_closest_marker("hurried") else {"usual": asyncio.new_event_loop}


_OF_ALL = re.compile(r"tests/(matrix|security)/|/test_(s\d\d_\w+|hostile_input)\.py::|/audit/test_coverage\.py::")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is made from the router or the source, and the rows of the security list (docs/decisions/0025)."""
    for item in items:
        if _OF_ALL.search(item.nodeid):
            item.add_marker("proofs")


# The fast suite tries some new examples each time, `nox -s properties` very many. A busy machine is not a failing
# property; in CI every run tries the same examples, so a red run can be repeated.
for name, examples in (("quick", 25), ("thorough", 300)):
    settings.register_profile(name, max_examples=examples, deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile(os.environ.get("MERX_PROPERTIES", "quick"))


# Collecting makes half a million objects that stay: the collector looks at them seldom, and after that never again.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    gc.freeze()


def pytest_sessionfinish() -> None:
    """What the last tests left is found here; pytest looks five times more, at what is left after the first."""
    gc.collect()
    gc.freeze()


log_as_usual()
