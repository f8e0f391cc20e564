"""The process itself."""

from tests.matrix.callers import CUSTOMERS, GUESTS, Caller
from tests.matrix.entry import Entries, Entry, at

_SCHEMA = "/api/v1/schema"

ENTRIES: Entries = {
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
        right="metrics:read",
        differs=dict.fromkeys([*GUESTS, *CUSTOMERS], 401)
        | dict.fromkeys([Caller.staff_without, Caller.barred, Caller.key_without], 403),
        because="with a metrics token set, the numbers are for its holder and for those with the right",
    ),
}
