"""The wheel carries everything that the installed program reads."""

import zipfile

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.architecture.tree import PACKAGE, ROOT, tracked_files


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    path = next(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"]))
    with zipfile.ZipFile(path) as wheel:
        return set(wheel.namelist())


def test_every_file_of_the_package_is_in_the_wheel(wheel_names):
    files = {path.relative_to(PACKAGE.parent).as_posix() for path in tracked_files() if path.is_relative_to(PACKAGE)}
    assert files - wheel_names == set()


def test_the_wheel_has_nothing_else(wheel_names):
    assert [name for name in wheel_names if not name.startswith(("merx/", "merx-"))] == []


def test_the_licence_is_in_the_wheel(wheel_names):
    assert any(name.endswith("licenses/LICENSE") for name in wheel_names)
