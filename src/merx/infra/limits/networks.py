"""Which addresses count as one caller."""

import ipaddress
from functools import lru_cache


# The same few callers ask many times in a row.
@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """IPv4 as it is, IPv6 by /64: one subscriber holds that many addresses. Text that is no address stays text."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


@lru_cache(maxsize=10_000)
def site_of(address: str) -> str | None:
    """The /48 around an IPv6 address: what one site may hold, which then has 65,536 networks."""
    try:
        network = ipaddress.IPv6Network(network_of(address))
    except ValueError:
        return None
    return str(network.supernet(new_prefix=48))
