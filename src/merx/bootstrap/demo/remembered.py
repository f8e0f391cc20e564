"""What a data folder remembers of being filled, so that a later start need not load and ask everything again."""

from importlib.resources import files
from pathlib import Path

import msgspec

import merx.migrations
from merx.bootstrap.demo.filling import Filled
from merx.infra.embedded import DataFolder
from merx.migrations.rights import FINGERPRINT


class _Remembered(msgspec.Struct):
    state: str
    filled: Filled


def recall(folder: DataFolder) -> Filled | None:
    """None when the folder was never filled, or by another Merx, or its database is not the one that was filled."""
    try:
        found = msgspec.json.decode(_file(folder).read_bytes(), type=_Remembered)
        return found.filled if found.state == _state(folder) else None
    except (OSError, msgspec.DecodeError):
        return None


def remember(folder: DataFolder, filled: Filled) -> None:
    kept = msgspec.structs.replace(filled, problems=[], refused=0, problems_file="")
    file = _file(folder)
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(_Remembered(_state(folder), kept)))


def _state(folder: DataFolder) -> str:
    versions = Path(merx.migrations.__file__).parent / "versions"
    newest = max(path.stem for path in versions.glob("[0-9]*.py"))
    sample = files("merx.data") / "catalogue.jsonl.gz"
    size = Path(str(sample)).stat().st_size if sample.is_file() else 0
    made = (folder.pg / "PG_VERSION").stat().st_mtime_ns
    return f"{newest} {FINGERPRINT} {size} {made}"


def _file(folder: DataFolder) -> Path:
    return folder.path / "filled.json"
