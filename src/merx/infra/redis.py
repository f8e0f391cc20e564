"""The Redis client. Redis is never worth a slow request: short waits, one retry, a bounded pool."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable


def redis_client(settings: Settings, *, wait: float | None = None) -> Redis:
    """One client for a process: it owns its pool and is closed with `aclose()`. Connects on first use.

    `wait` replaces the longest wait for an answer, in seconds, for a reader that blocks on purpose.
    """
    seconds = settings.redis_timeout_ms / 1000
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=settings.redis_pool,
        timeout=seconds,
        socket_connect_timeout=seconds,
        socket_timeout=wait or seconds,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)


async def probe(client: Redis) -> None:
    """Raises Unavailable when Redis does not answer."""
    from redis.exceptions import RedisError

    try:
        await client.ping()
    except (RedisError, OSError) as error:
        raise Unavailable("Redis does not answer") from error
