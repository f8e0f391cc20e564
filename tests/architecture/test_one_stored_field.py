"""The worked example of CONTRIBUTING.md works: its lines are put into a copy of the project, as a newcomer would."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT

_STEP = re.compile(r"^\d\. `(?P<file>[\w/.]+)`(?:, in `(?P<class>\w+)`)?.*?```python\n(?P<lines>.*?)```", re.M | re.S)
# What the text says of the test that comes with it.
ROUND_TRIP = """
from merx.bootstrap.api import create_app
from tests.support.asgi import AsgiClient


async def test_made_in(shop):
    product_id, staff = await shop.draft(), shop.staff()
    async with AsgiClient(create_app(shop.app.settings, shop.app)) as client:
        here = f"/api/v1/products/{product_id}"
        assert (await client.get(f"{here}/edit", headers=staff)).json()["made_in"] == ""
        edited = await client.request("PATCH", here, json={"made_in": "IN"}, headers=staff)
        assert (edited.status, edited.json()["made_in"]) == (200, "IN")
        assert (await client.get(f"{here}/edit", headers=staff)).json()["made_in"] == "IN"
        assert (await client.request("PATCH", here, json={"made_in": "India"}, headers=staff)).status == 400
"""
_VERSION = '''"""Where a product is made."""

import sqlalchemy as sa
from alembic import op

revision = "{number}_made_in"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''


def steps() -> list[tuple[str, str, list[str]]]:
    """(file or folder, class, lines) of each step."""
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add one stored field\n")[2].partition("\n## ")[0]
    return [
        (step["file"], step["class"] or "", [line.strip() for line in step["lines"].splitlines() if line.strip()])
        for step in _STEP.finditer(section)
    ]


class Copy:
    """A copy of the project that somebody works on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.package = root / "src" / "merx"
        rubbish = shutil.ignore_patterns("__pycache__")
        for name in ("src", "tests"):
            shutil.copytree(ROOT / name, root / name, ignore=rubbish)
        shutil.copy(ROOT / "pyproject.toml", root)
        (root / "tests/contexts/catalog/test_made_in.py").write_text(ROUND_TRIP)

    def apply(self, file: str, name: str, lines: list[str]) -> None:
        if file.startswith("migrations/"):
            *_, last = sorted(path.stem for path in (self.package / file).glob("[0-9]*.py"))
            number = f"{int(last[:4]) + 1:04}"
            text = _VERSION.format(number=number, before=last, up=lines[0], down=lines[1])
            (self.package / file / f"{number}_made_in.py").write_text(text)
            return
        [path] = [path for path in self._files(self.package / file) if f"\nclass {name}(" in path.read_text()]
        source = path.read_text()
        start = source.index(f"\nclass {name}(")
        # Behind the last field, which stands on a line of its own.
        field = [*re.finditer(r"^    \w+: .*[^(\[{]\n", source[start : _end(source, start)], re.M)][-1]
        at = start + field.end()
        path.write_text(source[:at] + "".join(f"    {line}\n" for line in lines) + source[at:])

    def test(self, *names: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *names]
        return subprocess.run(command, check=False, cwd=self.root, capture_output=True, text=True, timeout=150)

    def _files(self, path: Path) -> list[Path]:
        return [path] if path.is_file() else sorted(path.glob("*.py"))


def _end(source: str, start: int) -> int:
    """Where the class ends that begins at `start`."""
    behind = re.compile(r"^(?=[^\s#)])", re.M).search(source, source.index("\n", start + 1))
    return behind.start() if behind else len(source)


def test_the_example_is_six_lines_in_five_files():
    example = steps()
    assert [len(lines) for _, _, lines in example] == [1, 1, 1, 1, 2]
    assert len({file for file, _, _ in example}) == 5
    assert all((PACKAGE / file).exists() for file, _, _ in example)


@pytest.mark.services
def test_the_example_works_as_it_stands(tmp_path):
    copy = Copy(tmp_path)
    for step in steps():
        copy.apply(*step)
    done = copy.test(
        "tests/contexts/catalog/test_made_in.py",
        "tests/contexts/catalog/test_contract.py",
        "tests/architecture/test_personal_data.py",
        "tests/migrations/test_migrations.py::test_each_version_goes_up_down_and_up_again",
        "tests/migrations/test_migrations.py::test_the_models_are_the_migrated_schema",
    )
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.services
def test_a_step_that_is_forgotten_is_found(tmp_path):
    copy = Copy(tmp_path)
    for file, name, lines in steps():
        if not file.startswith("migrations/"):
            copy.apply(file, name, [line.replace(", info=PLAIN", "") for line in lines])
    done = copy.test(
        "tests/architecture/test_personal_data.py::test_s37_every_column_is_classified",
        "tests/migrations/test_migrations.py::test_the_models_are_the_migrated_schema",
    )
    assert "product.made_in says nothing. Say at the column what it tells of people" in done.stdout
    assert "2 failed" in done.stdout, done.stdout[-4000:]
