"""The trail as staff meets it."""

from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.contexts.audit.conftest import STAFF, Office
from tests.support.asgi import AsgiClient

BASE = "/api/v1/audit"


async def test_staff_reads_and_narrows(client: AsgiClient, memory_office: Office):
    reader = memory_office.bearer("audit:read")
    await memory_office.write(3)
    await memory_office.write(
        actor=Actor(kind=ActorKind.api_key, account_id=new_id()), action="shops.door-opened", target_id="9"
    )
    page = (await client.get(f"{BASE}?limit=2", headers=reader)).json()
    assert [row["seq"] for row in page["items"]] == [4, 3]
    rest = (await client.get(f"{BASE}?limit=2&after={page['next']}", headers=reader)).json()
    assert [row["seq"] for row in rest["items"]] == [2, 1]
    assert rest["next"] is None
    first = rest["items"][-1]
    assert first["changes"] == {"n": {"before": None, "after": 0}}
    assert (first["actor_kind"], first["actor_id"]) == ("staff", str(STAFF.account_id))
    for query, seqs in {
        f"actor={STAFF.account_id}": [3, 2, 1],
        "action=shops": [4],
        "action=toys.box-made": [3, 2, 1],
        "target=box&target_id=1": [2],
        "request_id=r-1": [3, 2, 1],
        "since=2031-01-01T12:00:00Z": [4, 3, 2, 1],
        "until=2031-01-01T12:00:00Z": [],
        "since=2031-01-01T12:00:00": [4, 3, 2, 1],
        "since=2031-01-01T13:00:00%2B01:00": [4, 3, 2, 1],
        "since=2031-01-02T00:00:00Z&until=2031-01-01T00:00:00Z": [],
    }.items():
        answer = await client.get(f"{BASE}?{query}", headers=reader)
        assert [row["seq"] for row in answer.json()["items"]] == seqs, query


async def test_questions_without_an_answer_are_refused(client: AsgiClient, memory_office: Office):
    reader = memory_office.bearer("audit:read")
    for query in (
        "since=yesterday",
        "target_id=%20",
        "action=Product%20edited",
        "after=WyJ4Il0",
        "actor=me",
    ):
        answer = await client.get(f"{BASE}?{query}", headers=reader)
        assert (answer.status, answer.is_problem) == (400, True), query


async def test_verifying_a_day(client: AsgiClient, memory_office: Office):
    reader = memory_office.bearer("audit:read")
    await memory_office.write(3)
    today = (await client.get(f"{BASE}/verify", headers=reader)).json()
    assert (today["intact"], today["rows"], today["fault"]) == (True, 3, None)
    rows = await memory_office.rows()
    assert today["head_hash"] == rows[-1].hash.hex()
    await memory_office.tamper([row for row in rows if row.seq != 2])
    touched = (await client.get(f"{BASE}/verify?day=2031-01-01", headers=reader)).json()
    assert touched["intact"] is False
    assert (touched["fault"]["seq"], touched["fault"]["kind"]) == (2, "removed")
    assert (await client.get(f"{BASE}/verify?day=2030-12-31", headers=reader)).json()["rows"] == 0


async def test_nobody_writes_over_http(client: AsgiClient, memory_office: Office):
    reader = memory_office.bearer("*")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await client.request(method, BASE, json={}, headers=reader)).status == 405
