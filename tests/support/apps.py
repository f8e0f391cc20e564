"""The whole application on memory, as new for each test."""

from dependency_injector import providers

from merx.bootstrap.container import App
from merx.infra.settings import Settings
from merx.kernel.ports import Clock

SETTINGS = Settings(storage="memory", search_refresh_seconds=0.0)
# Races are about what stays, not about how long one waits: on a busy machine the usual patience is too short.
PATIENT = {"pool_wait_ms": 60_000, "lock_timeout_ms": 30_000, "statement_timeout_ms": 60_000}


class Rewired:
    """Containers that were wired once, which takes 5 to 30 ms, and are as new after each `renew`."""

    def __init__(self, *found: providers.Provider) -> None:
        # Of those that are overridden now, the wiring did it.
        self._overridden = {provider: len(provider.overridden) for provider in found}
        self._made = [provider for provider in found if isinstance(provider, providers.BaseSingleton)]

    def renew(self) -> None:
        for provider, wired in self._overridden.items():
            while len(provider.overridden) > wired:
                provider.reset_last_overriding()
        for provider in self._made:
            provider.reset()


_one: list[tuple[App, Rewired, providers.Object]] = []


def new_app(settings: Settings = SETTINGS, clock: Clock | None = None) -> App:
    """An application that nobody has used; its storage is memory.

    It takes the place of the one before: a test with two of them makes its own `App`.
    """
    if not _one:
        given = providers.Object(settings)
        app = App(settings)
        app.infra.settings.override(given)
        _one.append((app, Rewired(*{*app.infra.traverse(), *app.contexts.traverse()}), given))
    app, rewired, given = _one[0]
    assert settings.storage == "memory"
    rewired.renew()
    given.set_provides(settings)
    app.settings = settings
    if clock is not None:
        app.infra.clock.override(providers.Object(clock))
    for context in app._each():
        app.registry.add(*context.subscribers())
    return app
