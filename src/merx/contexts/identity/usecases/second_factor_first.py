"""What a password alone does not open any more, once the account has more than that."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.ports.second_factors import FactorQueries
from merx.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class SecondFactorFirst:
    """For what asks for the present password anyway: an account without a second factor needs no further proof, one
    with a second factor has to have shown it lately. Raises StepUpNeeded.
    """

    factors: FactorQueries

    async def __call__(self, actor: Actor, account_id: UUID) -> None:
        if (await self.factors.held(account_id)).any:
            actor.must_be_fresh()
