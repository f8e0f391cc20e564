"""The interactive page of the API. All its files are in the package, so that it works without any other server."""

import gzip
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec
from litestar import Response

# Styles are set inline by the page's own library; scripts come from this server alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

_INDEX = b"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Merx API</title>
  <link rel="icon" type="image/png" href="docs/favicon.png">
  <link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
  <div id="docs"></div>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/start.js"></script>
</body>
</html>
"""

# Without validatorUrl the library sends the document's address to a public server.
_START = b"""window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  showExtensions: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""

# Litestar adds the charset to text types.
_PACKED = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_PLAIN = {
    "index.html": "text/html",
    "start.js": "text/javascript",
    "favicon.png": "image/png",
}


class DocsPage:
    """Files are read on first use and kept; `make` builds the OpenAPI document, once."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._document: bytes | None = None
        self._files: dict[str, bytes] = {"index.html": _INDEX, "start.js": _START}

    def document(self) -> bytes:
        if self._document is None:
            self._document = msgspec.json.encode(self._make())
        return self._document

    def has(self, name: str) -> bool:
        return name in _PACKED or name in _PLAIN

    def answer(self, name: str, *, gzipped: bool = False) -> Response[bytes]:
        """One file of the page, as packed as the caller takes it."""
        headers = {
            "Content-Security-Policy": POLICY,
            "Cache-Control": "public, max-age=3600",
            "Vary": "Accept-Encoding",
        }
        if name in _PACKED:
            body = self._read(f"{name}.gz")
            if gzipped:
                headers["Content-Encoding"] = "gzip"
            else:
                body = gzip.decompress(body)
            return Response(body, media_type=_PACKED[name], headers=headers)
        return Response(self._read(name), media_type=_PLAIN[name], headers=headers)

    def _read(self, name: str) -> bytes:
        if name not in self._files:
            self._files[name] = (files("merx.infra.http") / "swagger" / name).read_bytes()
        return self._files[name]
