"""What a process must not start with. Each rule answers a sentence that names the variable and says what to do."""

import re
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from merx.infra.settings_oidc import OidcProvider, unsafe_providers
from merx.infra.settings_servers import Reached, clear_ways, unclear_ways
from merx.kernel.currencies import EXPONENTS

_GUESSED = ("secret", "changeme", "change-me", "change_me", "default", "password", "example", "insecure", "test")
_DATABASES = ("postgresql", "postgres")
_REDIS = ("redis", "rediss", "unix")
# A name, an address or, alone, everything: what stands in a Host header without its port.
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?\Z|\[[0-9A-Fa-f:.]+\]\Z|\*\Z")
# As browsers write it: lower case, no path, not even a slash, and no port where it is the usual one.
_ORIGIN = re.compile(
    r"(?:http(?!.*:80\Z)|https(?!.*:443\Z))://"
    r"(?:[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,20}|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?\Z"
)
_RIGHT = re.compile(r"\*\Z|[a-z][a-z-]*:(\*|[a-z][a-z-]*)\Z")
# The display name may hold anything but what begins an address or a header of its own.
_SENDER = re.compile(r"([^<>\r\n\0]*<[^<>@\s\0]+@[^<>@\s\0]+>|[^<>@\s\0]+@[^<>@\s\0]+)\Z")


LONGEST_TOKEN = 3600


class Checked(Reached, Protocol):
    """The settings these rules look at, besides those of the servers."""

    @property
    def production(self) -> bool: ...
    @property
    def storage(self) -> str: ...
    @property
    def docs(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def account_url(self) -> str: ...
    @property
    def api_url(self) -> str: ...
    @property
    def oidc(self) -> tuple[OidcProvider, ...]: ...
    @property
    def allowed_hosts(self) -> tuple[str, ...]: ...
    @property
    def cors_origins(self) -> tuple[str, ...]: ...
    @property
    def secret(self) -> str: ...
    @property
    def secret_file(self) -> str: ...
    @property
    def former_secrets_file(self) -> str: ...
    @property
    def passkey_domain(self) -> str: ...
    @property
    def token_key_file(self) -> str: ...
    @property
    def access_token_seconds(self) -> int: ...
    @property
    def metrics_token(self) -> str: ...
    @property
    def failpoints(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def mail_from(self) -> str: ...
    @property
    def rate_limits(self) -> str: ...
    @property
    def second_person_rights(self) -> tuple[str, ...]: ...
    @property
    def max_in_flight(self) -> int: ...
    @property
    def reserved_in_flight(self) -> int: ...


def unsafe_values(settings: Checked) -> list[str]:
    """One sentence for each value that must not be used, none when the process may start."""
    problems = [*_everywhere(settings)]
    if settings.production:
        problems += _production(settings)
    return problems


def _everywhere(settings: Checked) -> list[str]:
    problems = []
    problems += [
        f"{variable} must be an address that starts with postgresql://"
        for variable, url in (
            ("MERX_DATABASE_URL", settings.database_url),
            ("MERX_MIGRATE_DATABASE_URL", settings.migrate_database_url),
        )
        if _address(url).scheme not in _DATABASES and (url or variable == "MERX_DATABASE_URL")
    ]
    if _address(settings.redis_url, one_host=True).scheme not in _REDIS:
        problems.append("MERX_REDIS_URL must be an address that starts with redis://, rediss:// or unix://")
    problems += unclear_ways(settings)
    problems += _mailed("MERX_PUBLIC_URL", settings.public_url)
    for variable, url in (("MERX_ACCOUNT_URL", settings.account_url), ("MERX_API_URL", settings.api_url)):
        problems += _mailed(variable, url) if url else []
    problems += unsafe_providers(settings.oidc)
    if wrong := [host for host in settings.allowed_hosts if not _HOST.match(host)]:
        problems.append(f"MERX_ALLOWED_HOSTS takes host names without scheme, port and path, not {', '.join(wrong)}")
    if wrong := [origin for origin in settings.cors_origins if not _ORIGIN.match(origin)]:
        problems.append(
            "MERX_CORS_ORIGINS takes origins as browsers write them (https://shop.example: lower case, no path, no "
            f"usual port, no *), not {', '.join(wrong)}"
        )
    if wrong := [name for name in settings.second_person_rights if not _RIGHT.match(name)]:
        problems.append(
            f"MERX_SECOND_PERSON_RIGHTS takes *, or rights such as staff:write and orders:*, not {', '.join(wrong)}"
        )
    if settings.currency not in EXPONENTS:
        problems.append(f"MERX_CURRENCY {settings.currency} is no currency of ISO 4217")
    if settings.secret and (problem := weak_secret(settings.secret.encode())):
        problems.append(f"MERX_SECRET {problem}")
    if settings.secret_file and Path(settings.secret_file).is_file():
        problem = weak_secret(Path(settings.secret_file).read_bytes().strip())
        problems += [f"MERX_SECRET_FILE {problem}"] if problem else []
    if settings.secret and settings.secret_file:
        problems.append("MERX_SECRET and MERX_SECRET_FILE are both set, use one")
    for variable, name in (
        ("MERX_SECRET_FILE", settings.secret_file),
        ("MERX_FORMER_SECRETS_FILE", settings.former_secrets_file),
        ("MERX_TOKEN_KEY_FILE", settings.token_key_file),
    ):
        folder = variable == "MERX_TOKEN_KEY_FILE" and Path(name).is_dir()
        if name and not folder and not Path(name).is_file():
            problems.append(f"{variable} names no file: {name}")
    problems += _passkeys(settings)
    if settings.metrics_token and (problem := weak_secret(settings.metrics_token.encode(), shortest=16)):
        problems.append(f"MERX_METRICS_TOKEN {problem}")
    if not _SENDER.match(settings.mail_from):
        problems.append("MERX_MAIL_FROM must be one mail address on one line: Name <box@host> or box@host")
    if settings.reserved_in_flight >= settings.max_in_flight:
        problems.append("MERX_RESERVED_IN_FLIGHT must be smaller than MERX_MAX_IN_FLIGHT, or nobody can browse")
    return problems


def _passkeys(settings: Checked) -> list[str]:
    """A browser refuses what breaks this, with a message that nobody understands."""
    domain, host = settings.passkey_domain, _address(settings.public_url).hostname or ""
    if domain and host != domain and not host.endswith(f".{domain}"):
        return [f"MERX_PASSKEY_DOMAIN must be the host of MERX_PUBLIC_URL or a domain above it, not {domain}"]
    return []


def _mailed(variable: str, url: str) -> list[str]:
    """An address that links in mails start with."""
    problems = []
    address = _address(url, one_host=True)
    if address.scheme not in ("http", "https") or not address.hostname:
        problems.append(f"{variable} must be an http or https address with a host")
    if not _is_name(address.hostname or "x"):
        problems.append(f"{variable} has a host that is no name: empty or very long between two dots")
    if address.username is not None or address.query or address.fragment:
        problems.append(f"{variable} must have no account, ? or #: paths are put behind it and mailed to customers")
    return problems


def _is_name(host: str) -> bool:
    """Whether browsers can write it, which they do in ASCII."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _production(settings: Checked) -> list[str]:
    problems = []
    if settings.storage == "memory":
        problems.append("MERX_STORAGE=memory loses every order at a restart and is refused in production")
    problems += clear_ways(settings)
    if not settings.secret and not settings.secret_file:
        problems.append("MERX_SECRET or MERX_SECRET_FILE must be set in production")
    if not settings.token_key_file:
        problems.append("MERX_TOKEN_KEY_FILE must be set in production: all processes share one signing key")
    if "*" in settings.allowed_hosts:
        problems.append("MERX_ALLOWED_HOSTS must not be * in production: links and caches would follow any Host header")
    if _address(settings.public_url).scheme != "https":
        problems.append("MERX_PUBLIC_URL must be https in production")
    if settings.account_url and _address(settings.account_url).scheme != "https":
        problems.append("MERX_ACCOUNT_URL must be https in production")
    if plain := [origin for origin in settings.cors_origins if not origin.startswith("https://")]:
        problems.append(f"MERX_CORS_ORIGINS must be https in production, not {', '.join(plain)}")
    if settings.api_url and _address(settings.api_url).scheme != "https":
        problems.append("MERX_API_URL must be https in production")
    if settings.access_token_seconds > LONGEST_TOKEN:
        problems.append(
            f"MERX_ACCESS_TOKEN_SECONDS must be {LONGEST_TOKEN} or less in production: so long goes on what was ended"
        )
    if settings.docs == "on":
        problems.append("MERX_DOCS=on is refused in production: publish the OpenAPI file instead")
    if settings.failpoints:
        problems.append("MERX_FAILPOINTS ends the process on purpose and is refused in production")
    return problems


def _address(text: str, *, one_host: bool = False) -> SplitResult:
    """Its parts; all empty when it is no address at all. A database may have several hosts, each with its port."""
    try:
        parts = urlsplit(text)
        # A port that is no number is found only when it is read.
        return parts if not one_host or parts.port is None or parts.port else urlsplit("")
    except ValueError:
        return urlsplit("")


def weak_secret(secret: bytes, *, shortest: int = 32) -> str:
    """Why this secret can be guessed, or an empty string."""
    if len(secret) < shortest:
        return f"is shorter than {shortest} bytes"
    if len(set(secret)) < 8:
        return "repeats too few different characters"
    if any(secret.lower().startswith(word.encode()) for word in _GUESSED):
        return "starts like a placeholder"
    return ""
