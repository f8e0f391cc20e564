"""Whoever signs in takes as long as many pages: between the steps others have their turn."""

from collections.abc import Coroutine
from typing import Any

from dependency_injector import providers

from tests.contexts.identity.conftest import Shop
from tests.contexts.identity.test_usecases import login

# Before the credentials are read, two while the session begins, after the commit, and before the answer is made.
TURNS = 5


class KnownPasswords:
    """Waits for nothing, so that each turn is one that was given away."""

    async def verify(self, password: str, password_hash: str | None) -> bool:
        return password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        return False


def turns(work: Coroutine[Any, Any, object]) -> int:
    """How often it let others go on, for work that waits for nobody."""
    number = 0
    while True:
        try:
            waited_for = work.send(None)
        except StopIteration:
            return number
        assert waited_for is None
        number += 1


async def test_a_sign_in_lets_others_go_on_between_its_steps(memory_shop: Shop):
    await memory_shop.customer()
    memory_shop.container.passwords.override(providers.Object(KnownPasswords()))
    assert turns(login(memory_shop)) == TURNS
