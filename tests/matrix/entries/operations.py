"""The process itself."""

from tests.matrix.callers import Caller
from tests.matrix.entry import Entries, Entry, at

_SCHEMA = "/api/v1/schema"

ENTRIES: Entries = {
    "GET /": Entry(),
    "GET /api/v1/audit": Entry(),
    "GET /api/v1/audit/verify": Entry(),
    "GET /api/v1/health/live": Entry(),
    "GET /api/v1/health/ready": Entry(),
    "GET /api/v1/health/startup": Entry(),
    f"GET {_SCHEMA}": Entry(),
    f"GET {_SCHEMA}/openapi.json": Entry(),
    f"GET {_SCHEMA}/docs": Entry(),
    f"GET {_SCHEMA}/docs/{{name}}": Entry(lambda _shop, _person: at(name="favicon.png")),
    "GET /metrics": Entry(
        differs={Caller.nobodys_key: 200}, because="the metrics token is no account, and opens this alone"
    ),
}
