"""What an Idempotency-Key can be refused for."""

from merx.kernel.errors import Conflict, Invalid


class KeyRequired(Invalid):
    slug = "idempotency.key-required"
    title = "An Idempotency-Key header is required"


class KeyInvalid(Invalid):
    slug = "idempotency.key-invalid"
    title = "The Idempotency-Key header must be 1 to 255 printable ASCII characters"


class StillRunning(Conflict):
    """The first request with this key has not been answered yet."""

    slug = "idempotency.in-progress"
    title = "The first request with this key is still running"
    retry_after = 1


class AnswerLost(Conflict):
    """The first request with this key had its effect, and what it answered is not known any more."""

    slug = "idempotency.answer-lost"
    title = "What was asked for with this key is done, and its answer was lost: read what came of it"
