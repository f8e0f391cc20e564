"""The whole application on memory, as new for each test."""

from dependency_injector import providers

from merx.bootstrap.container import App
from merx.infra.settings import Settings

_one: list[tuple[App, list[providers.Provider]]] = []


def new_app() -> App:
    """An application that nobody has used: wired once (25 ms), everything it made forgotten at each call.

    So it takes the place of the one before; a test with two applications, or other settings, makes its own `App`.
    """
    if not _one:
        app = App(Settings(storage="memory", search_refresh_seconds=0.0))
        made = {*app.infra.traverse(), *app.contexts.traverse()}
        _one.append((app, [provider for provider in made if isinstance(provider, providers.BaseSingleton)]))
        return app
    app, singletons = _one[0]
    for provider in singletons:
        provider.reset_override()
        provider.reset()
    for context in app._each():
        app.registry.add(*context.subscribers())
    return app
