"""S25: who calls is what our own proxies saw, whatever a caller makes up. Its limits: `test_limits.TestS25`."""

import msgspec
import pytest

from merx.infra.http.callers import caller_address
from merx.infra.limits.networks import network_of
from tests.infra.http.toy import MEMORY, Toys
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

DIRECT = "192.0.2.99"


def address(proxies: int, *lines: str) -> str:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in lines]
    scope = {"client": (DIRECT, 1), "headers": headers}
    return caller_address(scope, dict(headers).get(b"x-forwarded-for"), proxies)


@pytest.mark.parametrize(
    ("proxies", "lines", "expected"),
    [
        # Without own proxies nobody is believed.
        (0, ["1.2.3.4"], DIRECT), (0, [], DIRECT), (1, [], DIRECT), (1, [""], DIRECT),
        # What stands further left was sent by the caller.
        (1, ["6.6.6.6, 1.2.3.4"], "1.2.3.4"), (1, ["127.0.0.1, ::1, 1.2.3.4"], "1.2.3.4"),
        (2, ["6.6.6.6, 7.7.7.7, 1.2.3.4, 10.0.0.1"], "1.2.3.4"), (1, ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        (2, ["6.6.6.6", "1.2.3.4", "10.0.0.1"], "1.2.3.4"), (2, ["6.6.6.6, 1.2.3.4", "10.0.0.1"], "1.2.3.4"),
        # Fewer hops than proxies: it came around them.
        (2, ["1.2.3.4"], DIRECT), (3, ["1.2.3.4, 10.0.0.1"], DIRECT),
        # What is no address is nobody's.
        (1, ["1.2.3.4, "], DIRECT), (1, ["unknown"], DIRECT), (1, ["1.2.3.4:80"], DIRECT), (1, ["1.2.3.4 x"], DIRECT),
        (1, ["1.2.3"], DIRECT), (1, ["0x7f.1"], DIRECT), (1, ["\xe9"], DIRECT), (1, ["1.2.3.4\n"], "1.2.3.4"),
        (1, ['fe80::1%"who":"staff'], DIRECT),
        (1, ["2001:DB8:0::1"], "2001:db8::1"), (1, ["," * 5000], DIRECT), (1, ["_hidden"], DIRECT),
    ],
)  # fmt: skip
def test_s25_the_address_of_the_caller(proxies: int, lines: list[str], expected: str):
    assert address(proxies, *lines) == expected


def test_s25_a_subscriber_is_one_caller():
    one = {network_of(f"2001:db8:1:2:{n:x}::{n:x}") for n in range(100)}
    assert one == {"2001:db8:1:2::/64"}
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2%eth1")


async def test_s25_the_scheme_that_a_proxy_tells_decides_nothing():
    """Whether the shop is https is a setting: transport security, cookies and origins follow from that alone."""
    for url, secure in (("https://shop.example", True), ("http://localhost:8000", False)):
        settings = msgspec.structs.replace(MEMORY, public_url=url, trusted_proxies=1)
        client = AsgiClient(staged(settings, Toys(settings)))
        for proto in ("http", "https", "https, http", "wss"):
            sent = {
                "x-forwarded-proto": proto,
                "forwarded": f"proto={proto}",
                "x-forwarded-ssl": "on",
                "front-end-https": "on",
            }
            answer = await client.get("/api/v1/toys", headers=sent)
            assert (answer.header("strict-transport-security") is not None) is secure
            name = "__Host-merx-access" if secure else "merx-access"
            refused = await client.get("/api/v1/toys", headers=sent | {"cookie": f"{name}=x"})
            assert (
                refused.status,
                refused.header(
                    "set-cookie",
                )
                is not None,
            ) == (401, True)
            assert ("Secure" in (refused.header("set-cookie") or "")) is secure
