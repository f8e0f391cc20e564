"""The keys of a shop: one secret, and the keys that sign access tokens. All processes of a shop share both.

Signing keys live in one PEM file or in a folder of `*.pem` files. A line `# signs since <time>` above a key says from
when on it signs; the newest such key does, and all others verify. `merx keys rotate` adds one.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from loguru import logger

from merx.infra import private_files
from merx.infra.settings import Settings, SettingsError

# `merx token` makes the tokens that live longest, 30 days; then nothing is left that an older key has signed.
KEPT_AFTER = timedelta(days=31)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_BLOCK = re.compile(
    rb"(?:^# signs since (?P<since>[0-9T:.+\-]{10,40})\n)?"
    rb"(?P<pem>^-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----\n[^-]{1,10000}\n-----END [A-Z ]{0,20}PRIVATE KEY-----$)",
    re.MULTILINE,
)


class SigningKey(msgspec.Struct, frozen=True, eq=False):
    """`since` is None for a key that no rotation made: it is older than all others."""

    key: Ed25519PrivateKey
    since: datetime | None = None

    def __repr__(self) -> str:
        return "SigningKey(***)"

    def pem(self) -> bytes:
        block = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return block if self.since is None else f"# signs since {self.since.isoformat()}\n".encode() + block


class KeyRing:
    """The signing keys, oldest first. With a `path` they can change while the process runs."""

    def __init__(self, keys: Iterable[SigningKey] = (), path: Path | None = None) -> None:
        self._path = path
        self._seen = _state(path) if path else ()
        self.keys = tuple(keys) if path is None else read_keys(path)

    def __repr__(self) -> str:
        return f"KeyRing({len(self.keys)} keys)"

    def signing(self, now: datetime) -> Ed25519PrivateKey:
        """The newest key whose time has come. One that is announced for later verifies already, so that every process
        knows it before the first token of it comes."""
        ready = [each for each in self.keys if each.since is None or each.since <= now]
        return (ready or self.keys[:1])[-1].key

    def renew(self) -> bool:
        """Read the files again when they changed; True when that gave other keys.

        What cannot be read now changes nothing: a half-copied folder must not sign everybody out.
        """
        if self._path is None:
            return False
        try:
            state = _state(self._path)
            if state == self._seen:
                return False
            keys = read_keys(self._path)
        except (OSError, ValueError, TypeError) as error:
            logger.warning("the token keys cannot be read again, the old ones stay", kind=type(error).__name__)
            return False
        self._seen, self.keys = state, keys
        return True


class Keys(msgspec.Struct, frozen=True):
    """`secret` signs guest tokens, `signing` access tokens. `former` are the secrets that were used before."""

    secret: bytes
    signing: KeyRing
    former: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return "Keys(***)"


def read_keys(path: Path) -> tuple[SigningKey, ...]:
    """The keys of a file or a folder, oldest first. Raises ValueError, TypeError or OSError."""
    found = [key for file in _files(path) for key in _blocks(file)]
    if not found:
        raise ValueError(f"{path} holds no Ed25519 private key")
    return tuple(sorted(found, key=lambda each: each.since or _LONG_AGO))


def rotate_keys(path: Path, now: datetime, wait: timedelta = timedelta()) -> tuple[SigningKey, int]:
    """Add a key that signs after `wait`; take away those replaced more than 31 days ago, and say how many.

    One that is taken away in a folder must be alone in its file.
    """
    held = read_keys(path)
    new = SigningKey(Ed25519PrivateKey.generate(), now + wait)
    old = [each for each, after in pairwise(held) if _replaced_long_ago(after, now)]
    if path.is_dir():
        gone = {each.key.private_bytes_raw() for each in old}
        for file in _files(path):
            if all(each.key.private_bytes_raw() in gone for each in _blocks(file)):
                file.unlink()
        private_files.put(path / f"token-{now:%Y%m%dT%H%M%S%f}.pem", new.pem())
    else:
        private_files.put(path, b"".join(each.pem() for each in (*held, new) if each not in old))
    return new, len(old)


def ensure_keys(folder: Path) -> Keys:
    """The keys in `folder` (`secret`, `token.pem`, both mode 0600), made on first use; safe from several processes."""
    folder.mkdir(parents=True, exist_ok=True)
    private_files.put_once(folder / "secret", lambda: secrets.token_urlsafe(32).encode())
    private_files.put_once(folder / "token.pem", lambda: SigningKey(Ed25519PrivateKey.generate()).pem())
    return Keys((folder / "secret").read_bytes().strip(), _ring(folder / "token.pem"))


def load_keys(settings: Settings) -> Keys:
    """The configured keys. Development makes its own: in the data folder, or for the life of a memory-only process.

    Raises SettingsError for a file that holds no key of ours.
    """
    if not settings.production and settings.storage == "memory" and not settings.data_dir:
        own = Keys(secrets.token_bytes(32), KeyRing([SigningKey(Ed25519PrivateKey.generate())]))
    elif not settings.production and not (settings.token_key_file and (settings.secret or settings.secret_file)):
        own = ensure_keys(settings.folder)
    else:
        own = None
    if settings.secret_file:
        secret = Path(settings.secret_file).read_bytes().strip()
    else:
        secret = settings.secret.encode() or (own.secret if own else b"")
    signing = _ring(Path(settings.token_key_file)) if settings.token_key_file else (own.signing if own else None)
    if len(secret) < 32 or signing is None:
        raise ValueError("a secret of 32 bytes and a token key are needed: see MERX_SECRET and MERX_TOKEN_KEY_FILE")
    former: tuple[bytes, ...] = ()
    if settings.former_secrets_file:
        lines = Path(settings.former_secrets_file).read_bytes().splitlines()
        former = tuple(line.strip() for line in lines if line.strip())
    return Keys(secret, signing, former)


def _ring(path: Path) -> KeyRing:
    try:
        return KeyRing(path=path)
    except (ValueError, TypeError) as error:
        raise SettingsError([f"the token key must be an Ed25519 private key in PEM, unencrypted: {error}"]) from error


def _blocks(file: Path) -> list[SigningKey]:
    found = []
    for block in _BLOCK.finditer(file.read_bytes()):
        try:
            key = serialization.load_pem_private_key(block["pem"], password=None)
        except UnsupportedAlgorithm as error:
            raise TypeError(f"{file}: {error}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{file} holds a key that is not Ed25519")
        since = datetime.fromisoformat(block["since"].decode()) if block["since"] else None
        found.append(SigningKey(key, since if since is None or since.tzinfo else since.replace(tzinfo=UTC)))
    return found


def _files(path: Path) -> list[Path]:
    """Hidden files are drafts."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.glob("*.pem") if not file.name.startswith("."))


def _state(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Tells any change of the files from the state before."""
    found = []
    for file in _files(path):
        stat = file.stat()
        found.append((file.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)


def _replaced_long_ago(successor: SigningKey, now: datetime) -> bool:
    return successor.since is not None and successor.since < now - KEPT_AFTER
