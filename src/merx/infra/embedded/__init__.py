"""PostgreSQL and Valkey out of wheels, started and stopped by our own launcher, for one machine and for tests.

A production installation has its own servers and never imports this package.
"""

from merx.infra.embedded.errors import EmbeddedError
from merx.infra.embedded.folder import DataFolder
from merx.infra.embedded.postgres import EmbeddedPostgres
from merx.infra.embedded.processes import Process, spawn
from merx.infra.embedded.valkey import EmbeddedValkey

__all__ = ["DataFolder", "EmbeddedError", "EmbeddedPostgres", "EmbeddedValkey", "Process", "spawn"]
