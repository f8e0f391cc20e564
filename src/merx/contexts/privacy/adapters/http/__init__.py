"""Privacy over HTTP."""

from merx.contexts.privacy.adapters.http.erasure import MyErasureController, StaffErasureController
from merx.contexts.privacy.adapters.http.export import ExportController

__all__ = ["ExportController", "MyErasureController", "StaffErasureController"]
