"""The answer of a route whose change waits for a second person."""

from typing import Any

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from merx.kernel.approvals import Asked

# For the document.
MAY_WAIT = {
    202: ResponseSpec(data_container=Asked, description="Beyond the limit of the shop: another person has to agree")
}


def accepted(asked: Asked) -> Response[Any]:
    return Response(asked, status_code=202, headers={"location": f"/api/v1/approvals/{asked.approval_id}"})
