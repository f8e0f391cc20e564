"""How PostgreSQL and Redis are reached: what an address may say, and what must not cross a network in the clear."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Meta

DatabaseUrl = Annotated[
    str,
    Meta(
        description="`postgresql://user:password@host:5432/name`, or `?host=/run/dir` for a socket; "
        "`?sslmode=verify-full` for TLS to a server that proves its name"
    ),
]
MigrateDatabaseUrl = Annotated[
    str, Meta(description="the same by its owner, for `merx migrate` alone; the others connect as `merx_app`")
]
DatabaseCaFile = Annotated[
    str, Meta(description="authorities (PEM) by which the database proves its name; empty: those of the system")
]
RedisUrl = Annotated[
    str, Meta(description="`redis://`, `rediss://` for TLS to a server that proves its name, or `unix:///path/to.sock`")
]
RedisCaFile = Annotated[
    str, Meta(description="authorities (PEM) by which Redis proves its name; empty: those of the system")
]
TrustedNetwork = Annotated[
    bool, Meta(description="in production, whether servers on other machines may be spoken to in the clear")
]

_VERIFIED = "verify-full"
# With `verify-full` these would be a second way to say what a setting says.
_OF_OUR_OWN = ("sslrootcert", "sslcrl")
_OF_THE_CLIENT = ("ssl_certfile", "ssl_keyfile")


class Reached(Protocol):
    """The settings these rules look at."""

    @property
    def trusted_network(self) -> bool: ...
    @property
    def database_url(self) -> str: ...
    @property
    def migrate_database_url(self) -> str: ...
    @property
    def database_ca_file(self) -> str: ...
    @property
    def redis_url(self) -> str: ...
    @property
    def redis_ca_file(self) -> str: ...


def unclear_ways(settings: Reached) -> list[str]:
    """One sentence for each address that does not say what it seems to say."""
    problems = []
    databases = _databases(settings)
    for variable, url in databases:
        options = _options(url)
        if options.get("sslmode") == _VERIFIED and any(name in options for name in _OF_OUR_OWN):
            problems.append(f"{variable} names {' or '.join(_OF_OUR_OWN)}: put the file into MERX_DATABASE_CA_FILE")
    if settings.database_ca_file and not all(verified(url) for _, url in databases):
        problems.append("MERX_DATABASE_CA_FILE is for addresses that end with ?sslmode=verify-full")
    if settings.redis_ca_file and not over_tls(settings.redis_url):
        problems.append("MERX_REDIS_CA_FILE is for an address that starts with rediss://")
    loose = [name for name in _options(settings.redis_url) if name.startswith("ssl_") and name not in _OF_THE_CLIENT]
    if loose:
        problems.append(f"MERX_REDIS_URL names {', '.join(loose)}: rediss:// is checked always, by MERX_REDIS_CA_FILE")
    for variable, file in (
        ("MERX_DATABASE_CA_FILE", settings.database_ca_file),
        ("MERX_REDIS_CA_FILE", settings.redis_ca_file),
    ):
        if file and not Path(file).is_file():
            problems.append(f"{variable} names no file: {file}")
    return problems


def clear_ways(settings: Reached) -> list[str]:
    """One sentence for each server that would be spoken to in the clear, or without a proof that it is the right."""
    if settings.trusted_network:
        return []
    problems = [
        f"{variable} must end with ?sslmode=verify-full in production: {far} is not on this machine "
        "(MERX_TRUSTED_NETWORK=true where nobody else is on the way)"
        for variable, url in _databases(settings)
        if (far := _far(_database_hosts(url))) and not verified(url)
    ]
    if (far := _far(_redis_hosts(settings.redis_url))) and not over_tls(settings.redis_url):
        problems.append(
            f"MERX_REDIS_URL must start with rediss:// in production: {far} is not on this machine "
            "(MERX_TRUSTED_NETWORK=true where nobody else is on the way)"
        )
    return problems


def verified(url: str) -> bool:
    """Whether a connection to this database is refused unless the server proves its name."""
    return _options(url).get("sslmode") == _VERIFIED


def over_tls(url: str) -> bool:
    return _parts(url).scheme == "rediss"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def option(url: str, name: str) -> str:
    """The option of an address, empty when it does not have it."""
    return _options(url).get(name, "")


def _database_hosts(url: str) -> list[str]:
    """As asyncpg reads them. An address without a host leaves it to variables and files of the system."""
    parts, options = _parts(url), _options(url)
    named = parts.netloc.partition("@")[2] if "@" in parts.netloc else parts.netloc
    hosts = [unquote(_without_port(host)) for host in named.split(",")] if named else options.get("host", "").split(",")
    return [*hosts, *([f"the service {options['service']}"] if "service" in options else [])]


def _redis_hosts(url: str) -> list[str]:
    """As redis-py reads them; without one it is this machine."""
    parts = _parts(url)
    if parts.scheme == "unix":
        return []
    return [unquote(parts.hostname)] if parts.hostname else [value for name, value in _pairs(url) if name == "host"]


def _far(hosts: list[str]) -> str:
    """The first that is not this machine, empty when all are. A path is a socket."""
    return next((host or "a host that it does not name" for host in hosts if not _here(host)), "")


def _here(host: str) -> bool:
    return host.startswith("/") or is_loopback(host)


def _without_port(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _databases(settings: Reached) -> list[tuple[str, str]]:
    named = [("MERX_DATABASE_URL", settings.database_url), ("MERX_MIGRATE_DATABASE_URL", settings.migrate_database_url)]
    return [(variable, url) for variable, url in named if url]


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _options(url: str) -> dict[str, str]:
    return dict(_pairs(url))


def _pairs(url: str) -> list[tuple[str, str]]:
    return parse_qsl(_parts(url).query)
