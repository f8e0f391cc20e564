"""Where things are, for the tests that look at the project itself. Contexts are found, never listed."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "merx"
CONTEXTS = PACKAGE / "contexts"

# A new context is a decision: it is added here and in the table of docs/architecture.md.
KNOWN_CONTEXTS = set(
    "identity users media catalog inventory pricing shipping carts payments orders reviews wishlist"
    " search recommendations notifications analytics audit privacy approvals operations".split()
)


def sources(folder: Path = PACKAGE) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def contexts() -> list[Path]:
    return sorted(path for path in CONTEXTS.iterdir() if path.is_dir() and path.name != "__pycache__")


def markdown_pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]


def tracked_files() -> list[Path]:
    """Files of the repository, those not committed yet included; the tree itself where git is not there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        skip = re.compile(r"/(\.venv|\.git|__pycache__|\.merx|\.[a-z]+_cache)")
        return [path for path in ROOT.rglob("*") if path.is_file() and not skip.search(str(path))]
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def container_of(context: Path) -> Path | None:
    """The module that wires a context; a package when it grew. None for a reserved name."""
    return next(
        (path for path in (context / "container.py", context / "container" / "__init__.py") if path.exists()), None
    )
