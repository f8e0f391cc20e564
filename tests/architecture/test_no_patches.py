"""Own modules are never patched: what a test wants otherwise it hands in.

Looked for in the source of the tests: an attribute of something imported from merx that is set or deleted, by
`monkeypatch`, `setattr`, `del` or an assignment; a function put in the place of a method; a private attribute of
somebody else that is written; and `unittest.mock`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, relative

SETTERS = {"setattr", "delattr"}
HINT = "swap an adapter or hand it in (CONTRIBUTING.md); patches only at the clock, randomness and other people's code"


def test_own_modules_are_never_patched():
    found = [
        f"{relative(path)}:{line}: {what}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__)
        for line, what in patches(path.read_text())
    ]
    assert found == [], f"{HINT}\n" + "\n".join(found)


def patches(source: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(source)
    own, functions = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "merx":
                    own.add((alias.asname or alias.name).split(".")[0])
                if alias.name in ("unittest.mock", "mock"):
                    yield node.lineno, "mocks take the place of modules"
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] == "merx":
                own |= {alias.asname or alias.name for alias in node.names}
            if node.module in ("unittest.mock", "mock") or (
                node.module == "unittest" and any(alias.name == "mock" for alias in node.names)
            ):
                yield node.lineno, "mocks take the place of modules"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.add(node.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node, own)
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            targets = [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else node.targets
            value = None if isinstance(node, ast.Delete) else node.value
            for target in targets:
                for each in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                    if isinstance(each, ast.Attribute):
                        yield from _assignment(each, value, own, functions)


def _call(node: ast.Call, own: set[str]) -> Iterator[tuple[int, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in SETTERS or not node.args:
        return
    target = node.args[0]
    words = target.value if isinstance(target, ast.Constant) and isinstance(target.value, str) else ""
    if words.split(".")[0] == "merx" or _root(target) in own:
        yield node.lineno, f"{name} on {words or ast.unparse(target)}"


def _assignment(
    target: ast.Attribute, value: ast.expr | None, own: set[str], functions: set[str]
) -> Iterator[tuple[int, str]]:
    text, root = ast.unparse(target), _root(target)
    if root in own:
        yield target.lineno, f"{text} is set"
    elif root in ("self", "cls"):
        return
    elif target.attr.startswith("on_"):
        # A hook: the application sets it too.
        return
    elif isinstance(value, ast.Lambda) or (isinstance(value, ast.Name) and value.id in functions):
        yield target.lineno, f"a function takes the place of {text}"
    elif target.attr.startswith("_") and not target.attr.startswith("__"):
        yield target.lineno, f"{text} is nobody's business"


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize(
    "source",
    [
        "import merx.bootstrap.migrate\nmonkeypatch.setattr(merx.bootstrap.migrate, '_TRIES', 2)",
        "from merx.kernel import ids\nmonkeypatch.setattr(ids.time, 'time_ns', now)",
        "from merx.infra.http.auth import Rule as R\nmonkeypatch.setattr(R, 'check', nothing)",
        "monkeypatch.setattr('merx.kernel.ids._draw', draw)",
        "from merx.infra import clock\nsetattr(clock, 'now', then)",
        "from merx.infra import clock\nclock.now = then",
        "from merx.infra import clock\ndel clock.SystemClock.now",
        "from merx.kernel import ids\nids._Clock.last_ms, kept = 0, 1",
        "from unittest.mock import patch",
        "from unittest import mock",
        "import unittest.mock",
        "def listen(): ...\nshop.outbox.write = listen",
        "tokens.seconds = lambda: 0",
        "scripts._client = back",
    ],
)
def test_negative_control_a_patch_is_seen(source: str):
    assert list(patches(source)) != []


def test_what_is_no_patch():
    source = """
from merx.bootstrap.container import App
import socket

class Naive(App):
    def __init__(self):
        self._inner = self.check = lambda: None

account.status = closed
monkeypatch.setenv("MERX_PORT", "1")
monkeypatch.setattr(socket.socket, "connect", refuse)
app.infra.store().on_invalidate = lambda tags: None
app.infra.clock.override(clock)
"""
    assert list(patches(source)) == []
