"""Rows of categories to a tree."""

from collections.abc import Sequence
from uuid import UUID

from merx.contexts.catalog.ports.queries import CategoryNode


def build_tree(rows: Sequence[tuple[UUID, str, str, int, UUID | None]]) -> list[CategoryNode]:
    """Rows are (id, slug, name, count, parent id) in the order siblings shall have."""
    nodes = {row[0]: CategoryNode(row[0], row[1], row[2], row[3], []) for row in rows}
    roots: list[CategoryNode] = []
    for row in rows:
        parent = nodes.get(row[4]) if row[4] else None
        (parent.children if parent else roots).append(nodes[row[0]])
    return roots
