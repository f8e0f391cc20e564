"""A real Keycloak for the tests that carry the mark `keycloak`."""
