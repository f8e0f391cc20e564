"""Containers are the only place that picks, and nothing reaches around them."""

import importlib

import pytest

from tests.architecture.port_conformance import module_of
from tests.architecture.tree import PACKAGE, container_of, contexts, relative, sources

WIRED = [context for context in contexts() if container_of(context)]


def _container(context):
    module = importlib.import_module(module_of(container_of(context)))
    return getattr(module, f"{context.name.capitalize()}Container")


@pytest.mark.parametrize("context", WIRED, ids=lambda path: path.name)
def test_what_depends_on_storage_is_chosen_for_both(context):
    for name, provider in _container(context).providers.items():
        if hasattr(provider, "providers") and "postgres" in provider.providers:
            assert set(provider.providers) == {"postgres", "memory"}, name


@pytest.mark.parametrize("context", WIRED, ids=lambda path: path.name)
def test_provider_names_do_not_hide_the_container(context):
    """A provider called `dependencies` or `wire` would replace a part of dependency-injector."""
    hidden = set(_container(context).providers) & set(
        dir(importlib.import_module("dependency_injector.containers").Container)
    )
    assert hidden == set()


def test_containers_stay_where_wiring_is():
    allowed = (PACKAGE / "bootstrap", PACKAGE / "infra" / "http" / "dependencies.py")
    users = [
        relative(path)
        for path in sources()
        if "container" not in (path.stem, path.parent.name) and "dependency_injector" in path.read_text()
        if not any(path.is_relative_to(place) for place in allowed)
    ]
    assert users == []


def test_nothing_is_injected_by_marker():
    """`@inject` and `Provide[...]` on a Litestar handler turn a service into a query parameter of the client."""
    marked = [relative(path) for path in sources() if "dependency_injector.wiring" in path.read_text()]
    assert marked == []
