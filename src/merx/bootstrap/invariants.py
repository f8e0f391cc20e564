"""What must always be true, of all contexts and of the platform."""

from collections.abc import Iterable
from typing import Any

from merx.infra.invariants import in_memory, on_postgres
from merx.infra.outbox.invariants import PROMISES
from merx.kernel.invariants import Invariant


def invariants_of(contexts: Iterable[Any], infra: Any) -> list[Invariant]:
    """A context without any has no provider of them."""
    found = [each for context in contexts if hasattr(context, "invariants") for each in context.invariants()]
    memory = infra.storage() == "memory"
    return [*found, *(in_memory(PROMISES, infra.store()) if memory else on_postgres(PROMISES, infra.reader()))]
