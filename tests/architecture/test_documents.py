"""What people read first is true: the two commands, links that lead somewhere, decisions that are listed."""

import re
import runpy
import subprocess
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, markdown_pages, relative

DECISIONS = ROOT / "docs" / "decisions"


@pytest.fixture(scope="module")
def blocks():
    return [block.strip() for block in runpy.run_path(str(ROOT / ".ci" / "readme_block.py"))["fenced_blocks"]()]


def test_first_block_starts_a_shop(blocks):
    first = blocks[0]
    for part in ("python3 -m venv .venv", "--require-hashes -r requirements/run.txt", "--no-build-isolation ."):
        assert part in first
    # The smoke run appends a port and a folder to it.
    assert first.endswith(".venv/bin/merx demo")


def test_second_block_runs_the_tests(blocks):
    assert blocks[1] == "bash .ci/test"


def test_scripts_parse():
    for name in ("run", "test", "install"):
        subprocess.run(["bash", "-n", ROOT / ".ci" / name], check=True, timeout=10)


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ +(.+?) *$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", markdown_pages(), ids=relative)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_is_reachable_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text() + (DECISIONS / "index.md").read_text()
    lost = [
        relative(page) for page in (ROOT / "docs").rglob("*.md") if page.name != "index.md" and page.name not in index
    ]
    assert lost == []


def test_decisions_are_numbered_without_gaps():
    numbers = sorted(int(path.name[:4]) for path in DECISIONS.glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
