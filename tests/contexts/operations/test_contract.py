"""Jobs and dead letters, on each storage."""

from datetime import timedelta

import pytest

from merx.contexts.operations.domain.errors import DeadLetterNotFound, JobIsPaused, JobNotFound, JobRuns
from merx.contexts.operations.ports.jobs import JobState, RunState
from merx.contexts.operations.usecases.dead_letters import RetryDeadLetters
from merx.kernel.ids import new_id
from tests.contexts.operations.conftest import JOB, SUBSCRIBER, Shop


class TestJobs:
    async def test_what_a_job_did_and_will_do(self, shop: Shop):
        shop.refuses = False
        before = await shop.job()
        assert (before.state, before.last_run, before.every_seconds) == (JobState.resting, None, 86_400)
        assert before.next_run <= shop.clock.now(), "a period without a run is due at once"
        await shop.tick()
        assert (await shop.job()).state is JobState.waiting
        await shop.deliver()
        after = await shop.job()
        assert (after.state, after.last_run.state, after.last_run.error) == (JobState.resting, RunState.done, "")
        assert after.last_run.done_at >= after.last_run.asked_at
        assert after.next_run == before.next_run + timedelta(days=1)

    async def test_a_run_that_was_given_up_says_why_and_names_nobody(self, shop: Shop):
        await shop.tick()
        await shop.deliver()
        last = (await shop.job()).last_run
        assert (last.state, last.attempts, last.error) == (RunState.given_up, 1, "Invalid: the job refuses [hidden]")

    async def test_all_jobs_of_the_shop_by_name_page_by_page(self, shop: Shop):
        names, after = [], None
        while True:
            page = await shop.jobs.page(shop.clock.now(), after, 4)
            names += [job.name for job in page.items]
            assert len(page.items) <= 4
            if (after := page.next) is None:
                break
        assert names == sorted(job.name for job in [*shop.app.jobs, shop.toy])
        assert {"platform.prune-outbox", "audit.anchor", JOB} <= set(names)

    async def test_a_paused_job_has_no_run_until_it_is_resumed(self, shop: Shop):
        shop.refuses = False
        await shop.steer.pause(shop.actor, JOB)
        await shop.steer.pause(shop.actor, JOB)
        paused = await shop.job()
        assert (paused.state, paused.next_run) == (JobState.paused, None)
        assert await shop.tick() == 0
        with pytest.raises(JobIsPaused):
            await shop.steer.run(shop.actor, JOB)
        await shop.steer.resume(shop.actor, JOB)
        await shop.steer.resume(shop.actor, JOB)
        assert await shop.tick() == 1
        await shop.deliver()
        assert shop.runs == 1
        assert await shop.trail() == ["operations.job-paused", "operations.job-resumed"]

    async def test_a_run_that_waits_stands_still_with_its_job(self, shop: Shop):
        """A worker that was away when the job was paused finds it paused."""
        shop.refuses = False
        await shop.tick()
        await shop.steer.pause(shop.actor, JOB)
        assert await shop.deliver() == 0
        assert not await shop.app.deliverer.run_suspect()
        assert (await shop.app.infra.deliveries().state()).oldest_seconds == 0, "nobody is late"
        await shop.steer.resume(shop.actor, JOB)
        assert (await shop.deliver(), shop.runs) == (1, 1)

    async def test_run_now_counts_for_the_period(self, shop: Shop):
        shop.refuses = False
        await shop.steer.run(shop.actor, JOB)
        with pytest.raises(JobRuns):
            await shop.steer.run(shop.actor, JOB)
        assert await shop.tick() == 0, "the run that waits is the one of this period"
        await shop.deliver()
        assert await shop.tick() == 0, "and it was"
        await shop.steer.run(shop.actor, JOB)
        await shop.deliver()
        assert shop.runs == 2
        assert await shop.trail() == ["operations.job-run"] * 2

    async def test_run_now_waits_for_the_run_that_is_due(self, shop: Shop):
        await shop.tick()
        with pytest.raises(JobRuns):
            await shop.steer.run(shop.actor, JOB)
        await shop.deliver()
        await shop.steer.run(shop.actor, JOB)
        assert await shop.trail() == ["operations.job-run"]

    async def test_nothing_else_is_a_job(self, shop: Shop):
        for steer in (shop.steer.pause, shop.steer.resume, shop.steer.run):
            with pytest.raises(JobNotFound):
                await steer(shop.actor, "toy.other")
        with pytest.raises(JobNotFound):
            await shop.jobs.one("toy.other", shop.clock.now())
        assert await shop.trail() == []


class TestDeadLetters:
    async def test_they_are_listed_oldest_first(self, shop: Shop):
        ids = await shop.dead(5)
        pages, after = [], None
        while True:
            page = await shop.letters.page(SUBSCRIBER, after, 2)
            pages.append([letter.id for letter in page.items])
            if (after := page.next) is None:
                break
        assert pages == [ids[:2], ids[2:4], ids[4:]]
        assert ids == sorted(ids)
        assert (await shop.letters.page("toy.other", None, 2)).items == []
        assert len((await shop.letters.page(None, None, 10)).items) == 5

    async def test_one_shows_its_event_without_the_person(self, shop: Shop):
        [letter_id] = await shop.dead(1)
        letter = await shop.letters.one(letter_id)
        assert (letter.subscriber, letter.tag, letter.attempts) == (SUBSCRIBER, "identity.email-verified.v1", 1)
        assert letter.last_error == "Invalid: never heard of [hidden]"
        assert letter.payload["email"] == "***"
        assert letter.payload["id"] == str(letter.event_id)
        assert "ada" not in str(letter)
        with pytest.raises(DeadLetterNotFound):
            await shop.letters.one(new_id())

    async def test_one_is_tried_again(self, shop: Shop):
        first, second = await shop.dead(2)
        assert (await shop.retry.one(shop.actor, first)).retried == 1
        for gone in (first, new_id()):
            with pytest.raises(DeadLetterNotFound):
                await shop.retry.one(shop.actor, gone)
        assert await shop.deliver() == 1
        assert [letter.id for letter in (await shop.letters.page(None, None, 10)).items] == [second]
        assert await shop.trail() == ["operations.dead-letters-retried"]

    async def test_all_of_a_subscriber_are_tried_again(self, shop: Shop):
        await shop.dead(3)
        other = await shop.retry.of(shop.actor, RetryDeadLetters(subscriber="toy.other"))
        assert (other.retried, await shop.deliver()) == (0, 0)
        assert (await shop.retry.of(shop.actor, RetryDeadLetters(subscriber=SUBSCRIBER))).retried == 3
        assert await shop.deliver() == 3
        await shop.dead(2)
        assert (await shop.retry.all(shop.actor, None, None)).retried == 2
        assert await shop.trail() == ["operations.dead-letters-retried"] * 3

    async def test_what_fails_again_is_a_dead_letter_again(self, shop: Shop):
        [letter_id] = await shop.dead(1)
        shop.refuses = True
        await shop.retry.one(shop.actor, letter_id)
        await shop.deliver()
        assert (await shop.letters.one(letter_id)).attempts == 1, "it began with a clean record"

    async def test_of_a_job_one_is_tried_again_and_none_beside_a_run(self, shop: Shop):
        for _ in range(2):
            await shop.steer.run(shop.actor, JOB)
            await shop.deliver()
        first, second = [letter.id for letter in (await shop.letters.page(None, None, 10)).items]
        shop.refuses = False
        await shop.steer.run(shop.actor, JOB)
        with pytest.raises(JobRuns):
            await shop.retry.one(shop.actor, second)
        assert (await shop.retry.all(shop.actor, None, None)).retried == 0
        assert (await shop.deliver(), shop.runs) == (1, 1)
        assert (await shop.retry.all(shop.actor, None, None)).retried == 1
        assert [letter.id for letter in (await shop.letters.page(None, None, 10)).items] == [first]
        assert (await shop.deliver(), shop.runs) == (1, 2)
        assert (await shop.retry.one(shop.actor, first)).retried == 1
