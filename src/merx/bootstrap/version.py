"""Which Merx this is."""

from importlib.metadata import PackageNotFoundError, version


def installed_version(otherwise: str) -> str:
    """`otherwise` for a source tree that nobody installed."""
    try:
        return version("merx")
    except PackageNotFoundError:
        return otherwise
