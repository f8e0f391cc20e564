"""The Redis client. Redis is never worth a slow request: short waits, one retry, a bounded pool."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisLost
from redis.exceptions import RedisError

from merx.infra.server_trust import refusal, trust
from merx.infra.settings import Settings
from merx.infra.settings_servers import over_tls
from merx.kernel.errors import Unavailable


class _Proven(SSLConnection):
    """To a server that proved its name by the authorities of ours alone; redis-py would add those of the system."""

    def __init__(self, *, ca_file: str, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = trust(ca_file, self.certfile or "", self.keyfile or "")

    async def _connect(self) -> None:
        try:
            await super()._connect()  # type: ignore[no-untyped-call]  # redis-py gives it no types
        except TimeoutError as error:
            # A server without TLS waits for the end of a line that never comes.
            raise RedisLost("Redis does not answer in TLS: it speaks none, or it is away.") from error
        except OSError as error:
            if (refused := refusal("Redis", "MERX_REDIS_CA_FILE", error)) is None:
                raise
            raise RedisLost(str(refused)) from error


def redis_client(settings: Settings, *, wait: float | None = None) -> Redis:
    """One client for a process: it owns its pool and is closed with `aclose()`. Connects on first use.

    `wait` replaces the longest wait for an answer, in seconds, for a reader that blocks on purpose.
    """
    seconds = settings.redis_timeout_ms / 1000
    options: dict[str, Any] = {
        "max_connections": settings.redis_pool,
        "timeout": seconds,
        "socket_connect_timeout": seconds,
        "socket_timeout": wait or seconds,
        "retry": Retry(NoBackoff(), 1),
        # What the address says goes before.
        **parse_url(settings.redis_url),
    }
    if over_tls(settings.redis_url):
        options |= {"connection_class": _Proven, "ca_file": settings.redis_ca_file}
    return Redis.from_pool(BlockingConnectionPool(**options))


async def probe(client: Redis) -> None:
    """Raises Unavailable when Redis does not answer."""
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        raise Unavailable("Redis does not answer") from error
