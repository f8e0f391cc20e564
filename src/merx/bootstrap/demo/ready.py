"""Waiting until the API says that it is ready."""

import asyncio
import time
from collections.abc import Callable

from merx.bootstrap.supervisor import Child
from merx.infra.embedded import EmbeddedError

READY_PATH = "/api/v1/health/ready"
READY_SECONDS = 60.0


async def until_ready(host: str, port: int, api: Child, gives_up: Callable[[], bool]) -> None:
    """Returns at the first 200. Raises EmbeddedError when `gives_up` or after a minute."""
    deadline = time.monotonic() + READY_SECONDS
    answer = ""
    while (answer := await _status(host, port)) != "200":
        if gives_up():
            raise EmbeddedError(f"The API ends right after its start{_last_words(api)}; read {api.log}.")
        if time.monotonic() > deadline:
            told = f"its last answer was {answer}" if answer else "it does not answer"
            raise EmbeddedError(f"The API is not ready after {READY_SECONDS:.0f} s, {told}; read {api.log}.")
        await asyncio.sleep(0.05)


async def _status(host: str, port: int) -> str:
    """The status code as text, "" without an answer."""
    try:
        async with asyncio.timeout(3):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                request = f"GET {READY_PATH} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
                writer.write(request.encode())
                await writer.drain()
                parts = (await reader.readline()).decode(errors="replace").split()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""
    return parts[1] if len(parts) > 1 else ""


def _last_words(api: Child) -> str:
    try:
        lines = [line.strip() for line in api.log.read_text(errors="replace").splitlines()[-20:] if line.strip()]
    except OSError:
        return ""
    return f" ({lines[-1][:200]})" if lines else ""
