"""What a process must not start with. Each rule answers a sentence that names the variable and says what to do."""

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

_GUESSED = ("secret", "changeme", "change-me", "change_me", "default", "password", "example", "insecure", "test")
_DATABASES = ("postgresql", "postgres")
_REDIS = ("redis", "rediss", "unix")


class Checked(Protocol):
    """The settings these rules look at."""

    @property
    def production(self) -> bool: ...
    @property
    def storage(self) -> str: ...
    @property
    def docs(self) -> str: ...
    @property
    def database_url(self) -> str: ...
    @property
    def redis_url(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def allowed_hosts(self) -> tuple[str, ...]: ...
    @property
    def secret(self) -> str: ...
    @property
    def secret_file(self) -> str: ...
    @property
    def token_key_file(self) -> str: ...
    @property
    def metrics_token(self) -> str: ...
    @property
    def failpoints(self) -> str: ...
    @property
    def mail_from(self) -> str: ...


def unsafe_values(settings: Checked) -> list[str]:
    """One sentence for each value that must not be used, none when the process may start."""
    problems = [*_everywhere(settings)]
    if settings.production:
        problems += _production(settings)
    return problems


def _everywhere(settings: Checked) -> list[str]:
    problems = []
    if urlsplit(settings.database_url).scheme not in _DATABASES:
        problems.append("MERX_DATABASE_URL must start with postgresql://")
    if urlsplit(settings.redis_url).scheme not in _REDIS:
        problems.append("MERX_REDIS_URL must start with redis://, rediss:// or unix://")
    if urlsplit(settings.public_url).scheme not in ("http", "https") or not urlsplit(settings.public_url).hostname:
        problems.append("MERX_PUBLIC_URL must be an http or https address with a host")
    if settings.secret and (problem := weak_secret(settings.secret.encode())):
        problems.append(f"MERX_SECRET {problem}")
    if settings.secret_file and Path(settings.secret_file).is_file():
        problem = weak_secret(Path(settings.secret_file).read_bytes().strip())
        problems += [f"MERX_SECRET_FILE {problem}"] if problem else []
    if settings.secret and settings.secret_file:
        problems.append("MERX_SECRET and MERX_SECRET_FILE are both set, use one")
    for variable, name in (
        ("MERX_SECRET_FILE", settings.secret_file),
        ("MERX_TOKEN_KEY_FILE", settings.token_key_file),
    ):
        folder = variable == "MERX_TOKEN_KEY_FILE" and Path(name).is_dir()
        if name and not folder and not Path(name).is_file():
            problems.append(f"{variable} names no file: {name}")
    if settings.metrics_token and len(settings.metrics_token) < 16:
        problems.append("MERX_METRICS_TOKEN is shorter than 16 characters")
    if any(char in settings.mail_from for char in "\r\n\0"):
        problems.append("MERX_MAIL_FROM has a line break")
    return problems


def _production(settings: Checked) -> list[str]:
    problems = []
    if settings.storage == "memory":
        problems.append("MERX_STORAGE=memory loses every order at a restart and is refused in production")
    if not settings.secret and not settings.secret_file:
        problems.append("MERX_SECRET or MERX_SECRET_FILE must be set in production")
    if not settings.token_key_file:
        problems.append("MERX_TOKEN_KEY_FILE must be set in production: all processes share one signing key")
    if "*" in settings.allowed_hosts:
        problems.append("MERX_ALLOWED_HOSTS must not be * in production: links and caches would follow any Host header")
    if urlsplit(settings.public_url).scheme != "https":
        problems.append("MERX_PUBLIC_URL must be https in production")
    if settings.docs == "on":
        problems.append("MERX_DOCS=on is refused in production: publish the OpenAPI file instead")
    if settings.failpoints:
        problems.append("MERX_FAILPOINTS ends the process on purpose and is refused in production")
    return problems


def weak_secret(secret: bytes) -> str:
    """Why this secret can be guessed, or an empty string."""
    if len(secret) < 32:
        return "is shorter than 32 bytes"
    if len(set(secret)) < 8:
        return "repeats too few different characters"
    if any(secret.lower().startswith(word.encode()) for word in _GUESSED):
        return "starts like a placeholder"
    return ""
