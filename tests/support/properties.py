"""How many examples a property is tried with."""

import os

from hypothesis import settings


def settle_examples() -> None:
    """The fast suite tries some new examples each time, `nox -s properties` very many.

    A busy machine is not a failing property; in CI every run tries the same examples, so a red run can be repeated.
    """
    for name, examples in (("quick", 25), ("thorough", 300)):
        settings.register_profile(name, max_examples=examples, deadline=None, derandomize=bool(os.environ.get("CI")))
    settings.load_profile(os.environ.get("MERX_PROPERTIES", "quick"))
