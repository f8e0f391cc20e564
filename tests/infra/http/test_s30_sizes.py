"""S30: how much a request may bring before anybody looks at it.

One endless header or URL, many headers, slow heads and slow bodies are in `test_protocol` (`TestSize`, `TestTime`),
`test_frame` (`TestInbound`) and `test_bodies`; nothing of ours takes multipart.
"""

from litestar.routes import HTTPRoute

from merx.infra.http.bodies import BodyRule
from merx.infra.http.inbound import MAX_HEADER_BYTES, MAX_HEADERS, MAX_URL
from tests.infra.http.toy import MEMORY, Toys
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

TOYS = "/api/v1/toys"
GET_HEADERS = 1  # the host


async def test_s30_up_to_the_limit_and_one_beyond():
    client = AsgiClient(staged(MEMORY, Toys(MEMORY)))
    room = MAX_URL - len(TOYS) - len("q=")
    crumbs = "; ".join(f"c{n}=v" for n in range(2000))
    found = []
    for what, good, bad, status in (
        ("URL", {"target": f"{TOYS}?q=" + "a" * room}, {"target": f"{TOYS}?q=" + "a" * (room + 1)}, 414),
        ("path", {"target": TOYS}, {"target": "/" + "a" * MAX_URL}, 414),
        ("encoded path", {"target": TOYS}, {"target": "/" + "%61" * (MAX_URL // 3 + 1)}, 414),
        (
            "number of headers",
            {"headers": [(b"x-%d" % n, b"") for n in range(MAX_HEADERS - GET_HEADERS)]},
            {"headers": [(b"x-%d" % n, b"") for n in range(MAX_HEADERS)]},
            431,
        ),
        ("one header", {"headers": {"x-a": "a" * 30_000}}, {"headers": {"x-a": "a" * (MAX_HEADER_BYTES + 1)}}, 431),
        ("one cookie", {"headers": {"cookie": "a=" + "b" * 4000}}, {"headers": {"cookie": "a=" + "b" * 40_000}}, 431),
        ("many cookies", {"headers": {"cookie": crumbs}}, {"headers": {"cookie": crumbs * 3}}, 431),
        ("repeated", {"headers": [(b"x-a", b"a" * 500)] * 9}, {"headers": [(b"x-a", b"a" * 5000)] * 9}, 431),
        ("one cookie each", {}, {"headers": [(b"cookie", b"a=b")] * 2}, 400),
    ):
        passed = await client.get(good.pop("target", TOYS), **good)
        refused = await client.get(bad.pop("target", TOYS), **bad)
        if (passed.status, refused.status) != (200, status) or not refused.is_problem:
            found.append(f"{what}: {passed.status}, {refused.status} instead of 200, {status}")
    assert found == []


async def test_s30_no_route_takes_parts_or_forms():
    """Multipart has limits of its own to get wrong: no route says that it takes it, and the frame refuses it."""
    app = staged(new_app().settings, new_app())
    declared = [
        (route.path, rule)
        for route in app.litestar.routes
        if isinstance(route, HTTPRoute)
        for handler, _ in route.route_handler_map.values()
        if isinstance(rule := handler.opt.get("body"), BodyRule)
    ]
    assert [path for path, rule in declared if any("multipart" in each or "form" in each for each in rule.media)] == []
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' for _ in range(1000)) + b"--x--"
    for kind in ("multipart/form-data; boundary=x", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded"):
        answer = await AsgiClient(app).post("/api/v1/auth/login", body=parts[:90_000], headers={"content-type": kind})
        assert (answer.status, answer.slug) == (415, "request.unsupported-media-type")
