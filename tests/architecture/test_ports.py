"""What stores or reads has an adapter on PostgreSQL and one in memory; `nox -s types` checks that each one fits.

What reads the outbox needs but one: the queue that it reads has both.
"""

import pytest

from tests.architecture.port_conformance import named_claims
from tests.architecture.tree import contexts

STORED = {
    f"{context.name}.{name}": {adapter for _, adapter in adapters}
    for context in contexts()
    for (_, name), adapters in named_claims(context).items()
    if name.endswith(("Uow", "Queries"))
}


@pytest.mark.parametrize("port", STORED)
def test_port_has_both_adapters(port):
    name = port.split(".")[1]
    assert STORED[port] in ({f"Postgres{name}", f"Memory{name}"}, {f"Outbox{name}"})
