"""Whether the API may listen where it is told to, found out before anything is started."""

import errno
import socket

FREE_PORT_TRIES = 100


def port_problem(host: str, port: int, *, how: str) -> str | None:
    """One sentence when nobody can listen there now, `how` being what chooses another port (`--port {port}`)."""
    if not 0 < port < 65536:
        return f"{port} is no port; choose one from 1 to 65535."
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            free = next((p for p in range(port + 1, min(port + FREE_PORT_TRIES, 65536)) if _is_free(host, p)), None)
            hint = f"; choose another one with {how.format(port=free)}" if free else ""
            return f"Port {port} on {host} is in use by another program{hint}."
        if error.errno == errno.EACCES:
            return f"Port {port} on {host} needs more rights than this user has; choose one above 1023."
        return f"Nothing can listen on {host} port {port}: {error.strerror or error}."
    return None


def free_port(host: str) -> int:
    """A port that nobody listens on now."""
    return _bind(host, 0)


def _bind(host: str, port: int) -> int:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: TIME_WAIT is no user
        probe.bind(address)
        probe.listen(1)  # with SO_REUSEADDR two sockets may be bound to one port, but only one may listen
        return int(probe.getsockname()[1])


def _is_free(host: str, port: int) -> bool:
    try:
        _bind(host, port)
    except OSError:
        return False
    return True
