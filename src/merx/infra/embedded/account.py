"""Who runs the servers: PostgreSQL refuses to run as root, so root hands it to an ordinary account."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from merx.infra.embedded.errors import EmbeddedError


class Switch(TypedDict, total=False):
    """Keyword arguments of `subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int

    @property
    def switch(self) -> Switch:
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this account may walk every folder above `path`."""
        if not self.switch:
            return True
        return all(self._may(folder, stat.S_IXOTH) for folder in path.resolve().parents)

    def reads(self, path: Path) -> bool:
        if not self.switch:
            return True
        needed = stat.S_IXOTH | stat.S_IROTH if path.is_dir() else stat.S_IROTH
        return self.reaches(path) and self._may(path, needed)

    def _may(self, path: Path, other_bits: int) -> bool:
        found = path.stat()
        bits = found.st_mode
        if found.st_uid == self.uid:
            bits >>= 6
        elif found.st_gid == self.gid:
            bits >>= 3
        return bits & other_bits == other_bits


def server_account(data: Path) -> Account:
    """The account for the server that keeps its files in `data`.

    A folder that exists is served by its owner, so that a shop made by an ordinary user still starts under sudo.
    """
    me = os.geteuid()
    if me != 0:
        return Account(me, os.getegid())
    if data.exists() and (found := data.stat()).st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root and this system has neither a 'postgres' nor a 'nobody' user; "
        "start as an ordinary user."
    )
