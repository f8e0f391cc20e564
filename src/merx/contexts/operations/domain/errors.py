"""What is refused around jobs and dead letters."""

from merx.kernel.errors import Conflict, NotFound


class JobNotFound(NotFound):
    slug = "operations.job-not-found"
    title = "No such job"


class JobIsPaused(Conflict):
    slug = "operations.job-is-paused"
    title = "The job is paused"


class JobRuns(Conflict):
    """A run of it waits or works at this moment; a second one beside it would do the same things twice."""

    slug = "operations.job-runs"
    title = "The job runs already"


class DeadLetterNotFound(NotFound):
    """Also for one that was tried again meanwhile."""

    slug = "operations.dead-letter-not-found"
    title = "No such dead letter"
