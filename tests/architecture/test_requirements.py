"""The locked sets: no registry address, every file hashed, one version of a package in all of them, nothing missing."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import PACKAGE, ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"dev.txt": ("embedded", "dev"), "run.txt": ("embedded",), "image.txt": ()}


def locked(path):
    """Package name → version."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^ ;\\]+)", path.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("path", [*LOCKS, ROOT / "requirements" / "build.in"], ids=lambda path: path.name)
def test_no_address(path):
    assert not re.search(r"://|^\s*--?(index|extra-index|find-links|trusted|i |f )", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_package_is_hashed(path):
    entries = re.split(r"\n(?=\S)", path.read_text().strip())
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_one_version_of_a_package():
    everything = locked(ROOT / "requirements" / "dev.txt")
    for path in LOCKS:
        different = {name for name, version in locked(path).items() if everything.get(name) != version}
        assert different == set(), path.name


@pytest.mark.parametrize(("name", "extras"), EXTRAS.items())
def test_declared_dependencies_are_locked(name, extras):
    pins = locked(ROOT / "requirements" / name)
    declared = [
        *PROJECT["dependencies"],
        *(line for extra in extras for line in PROJECT["optional-dependencies"][extra]),
    ]
    for line in declared:
        requirement = Requirement(line)
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked: run nox -s lock"
        assert requirement.specifier.contains(version, prereleases=True), f"{line} against {version}"


def imported() -> set[str]:
    """The top names of everything that the package imports, anywhere in a file."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"merx"}


def test_what_is_imported_is_declared():
    """Else a package goes, or changes, with another one that happened to bring it along."""
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["embedded"]]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    brought_by = packages_distributions()
    missing = {name for name in imported() if declared.isdisjoint(map(canonicalize_name, brought_by.get(name, [])))}
    assert missing == set()
