"""Ends with 0 when the API of this container is ready. Asks with the public host name: other hosts are refused."""

import http.client
import os
import sys
from urllib.parse import urlsplit

host = urlsplit(os.environ.get("MERX_PUBLIC_URL", "http://localhost:8000")).netloc
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("MERX_PORT", "8000")), timeout=3)
try:
    connection.request("GET", "/api/v1/health/ready", headers={"Host": host})
    sys.exit(0 if connection.getresponse().status == 200 else 1)
except OSError:
    sys.exit(1)
