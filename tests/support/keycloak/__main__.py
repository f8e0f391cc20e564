"""`python -m tests.support.keycloak` brings the server, or says in a line why it cannot and ends with 1."""

import sys

from tests.support.keycloak.server import NoKeycloak, distribution

try:
    print(distribution())
except NoKeycloak as missing:
    sys.exit(f"left out: {' '.join(str(missing).split())} (nox -s keycloak)")
