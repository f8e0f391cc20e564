"""Jobs, dead letters and invariants over HTTP."""

import pytest

from merx.kernel.actor import ActorKind, Proof
from merx.kernel.ids import new_id
from tests.contexts.operations.conftest import JOB, SUBSCRIBER, Shop
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

BASE = "/api/v1"
JOBS, LETTERS = f"{BASE}/scheduler/jobs", f"{BASE}/scheduler/dead-letters"


@pytest.fixture
def client(memory_shop: Shop) -> AsgiClient:
    """Not started: nothing is due and nothing is delivered but what the test wants."""
    return AsgiClient(staged(memory_shop.app.settings, memory_shop.app))


def staff(shop: Shop, *permissions: str, **how: object) -> dict[str, str]:
    token = shop.app.infra.access_tokens().issue(new_id(), ActorKind.staff, permissions, **how)
    return {"authorization": f"Bearer {token}"}


async def test_a_job_is_stopped_run_and_let_go_on(client: AsgiClient, memory_shop: Shop):
    memory_shop.refuses = False
    reads, writes = staff(memory_shop, "operations:read"), staff(memory_shop, "operations:write")
    listed = await client.get(f"{JOBS}?limit=100", headers=reads)
    assert JOB in [job["name"] for job in listed.json()["items"]]
    paused = await client.post(f"{JOBS}/{JOB}/pause", headers=writes)
    assert (paused.status, paused.json()["state"], paused.json()["next_run"]) == (200, "paused", None)
    refused = await client.post(f"{JOBS}/{JOB}/run", headers=writes)
    assert (refused.status, refused.slug) == (409, "operations.job-is-paused")
    assert (await client.post(f"{JOBS}/{JOB}/resume", headers=writes)).json()["paused_at"] is None

    once = writes | {"idempotency-key": "run-it"}
    ran = await client.post(f"{JOBS}/{JOB}/run", headers=once)
    assert (ran.status, ran.json()["last_run"]["state"]) == (202, "waiting")
    again = await client.post(f"{JOBS}/{JOB}/run", headers=once)
    assert (again.status, again.header("idempotency-replayed"), again.json()) == (202, "true", ran.json())
    other = await client.post(f"{JOBS}/{JOB}/run", headers=writes)
    assert (other.status, other.slug) == (409, "operations.job-runs")
    await memory_shop.deliver()
    assert memory_shop.runs == 1
    assert (await client.get(f"{JOBS}/{JOB}", headers=reads)).json()["last_run"]["state"] == "done"
    for name in ("toy.other", "..", "x" * 500):
        unknown = await client.get(f"{JOBS}/{name}", headers=reads)
        assert (unknown.status, unknown.slug) == (404, "operations.job-not-found"), name


async def test_dead_letters_are_looked_at_and_tried_again(client: AsgiClient, memory_shop: Shop):
    reads, writes = staff(memory_shop, "operations:read"), staff(memory_shop, "operations:write")
    first, *_ = [str(letter_id) for letter_id in await memory_shop.dead(3)]
    page = await client.get(f"{LETTERS}?subscriber={SUBSCRIBER}&limit=2", headers=reads)
    rest = await client.get(f"{LETTERS}?limit=2&after={page.json()['next']}", headers=reads)
    assert (len(page.json()["items"]), len(rest.json()["items"]), rest.json()["next"]) == (2, 1, None)
    shown = await client.get(f"{LETTERS}/{first}", headers=reads)
    assert shown.json()["payload"]["email"] == "***"
    assert b"ada@" not in shown.body + page.body
    tried = await client.post(f"{LETTERS}/{first}/retry", headers=writes)
    assert (tried.status, tried.json()) == (202, {"retried": 1})
    gone = await client.post(f"{LETTERS}/{first}/retry", headers=writes)
    assert (gone.status, gone.slug) == (404, "operations.dead-letter-not-found")
    everything = await client.post(f"{LETTERS}/retry", json={}, headers=writes)
    assert everything.status == 400, "all of all subscribers are never tried again by accident"
    rest = await client.post(f"{LETTERS}/retry", json={"subscriber": SUBSCRIBER}, headers=writes)
    assert rest.json() == {"retried": 2}
    assert (await client.get(LETTERS, headers=reads)).json()["items"] == []


async def test_invariants_are_reported(client: AsgiClient, memory_shop: Shop):
    reads = staff(memory_shop, "operations:read")
    report = (await client.get(f"{BASE}/invariants", headers=reads)).json()
    assert report["hold"] is True
    await memory_shop.dead(1)
    report = (await client.get(f"{BASE}/invariants", headers=reads)).json()
    assert [each["name"] for each in report["invariants"] if not each["holds"]] == ["platform.nothing-was-given-up"]


async def test_who_looks_may_not_act_and_who_acts_proves_it(client: AsgiClient, memory_shop: Shop):
    reads = staff(memory_shop, "operations:read")
    late = staff(memory_shop, "operations:write", proof=Proof(at=1, methods=("password",)))
    for path, body in (
        (f"{JOBS}/{JOB}/pause", None),
        (f"{JOBS}/{JOB}/resume", None),
        (f"{JOBS}/{JOB}/run", None),
        (f"{LETTERS}/{new_id()}/retry", None),
        (f"{LETTERS}/retry", {"subscriber": SUBSCRIBER}),
    ):
        assert (await client.post(path, json=body, headers=reads)).status == 403, path
        stale = await client.post(path, json=body, headers=late)
        assert (stale.status, stale.slug) == (401, "auth.step-up-needed"), path
