"""What search tells. Nobody else needs it: the API asks its own worker."""

from merx.kernel.model import Event


class ReindexRequested(Event, frozen=True, tag="search.reindex-requested.v1"):
    """Somebody wants the index built anew from the catalogue."""
