"""Operations over HTTP."""

from merx.contexts.operations.adapters.http.dead_letters import DeadLettersController
from merx.contexts.operations.adapters.http.invariants import InvariantsController
from merx.contexts.operations.adapters.http.jobs import JobsController

__all__ = ["DeadLettersController", "InvariantsController", "JobsController"]
