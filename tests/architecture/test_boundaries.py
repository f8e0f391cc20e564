"""The import-linter contracts of pyproject.toml hold, see every file, and catch what they are there to catch."""

import os
import subprocess
import sys
from pathlib import Path

import grimp

from tests.architecture.tree import PACKAGE, ROOT, sources

CONTRACTS = 6


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the contracts of this project on the package `merx` found in `folder`."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_contracts_are_kept():
    result = lint_imports(PACKAGE.parent)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Contracts: {CONTRACTS} kept, 0 broken." in result.stdout


def test_every_file_is_seen_by_the_contracts():
    graph = grimp.build_graph("merx", cache_dir=None)
    expected = set()
    for path in sources():
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        expected.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    assert expected - graph.modules == set(), "a folder without __init__.py is outside every contract"


# One violation of each contract: (file, its text). Files that only have to exist are empty.
VIOLATIONS = {
    "orders/domain/order.py": "import merx.contexts.orders.usecases.place\n",  # inner layer imports an outer one
    "orders/usecases/place.py": "import sqlalchemy\n",  # the inside uses a framework
    "carts/usecases/add.py": "import merx.contexts.orders.domain.order\n",  # a context looks into another
    "orders/adapters/neighbours.py": "import merx.contexts.carts.api\n",  # a cycle of allowed calls
    "carts/adapters/neighbours.py": "import merx.contexts.orders.api\n",
    "orders/adapters/postgres.py": "import merx.bootstrap\n",  # an import against the direction of the whole
    "orders/adapters/http.py": "import merx.contexts.orders.adapters.postgres\n",  # an adapter picked by hand
    "carts/api.py": "",
    "orders/api.py": "",
}


def test_contracts_catch_violations(tmp_path: Path):
    package = tmp_path / "merx"
    for name, text in VIOLATIONS.items():
        path = package / "contexts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for layer in ("bootstrap", "migrations", "infra", "kernel"):
        (package / layer).mkdir()
    for folder in [package, *(path for path in package.rglob("*") if path.is_dir())]:
        (folder / "__init__.py").touch()

    result = lint_imports(tmp_path)

    assert f"Contracts: 0 kept, {CONTRACTS} broken." in result.stdout, result.stdout + result.stderr
