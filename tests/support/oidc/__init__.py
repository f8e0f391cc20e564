"""A strict OpenID Connect provider of the test suite's own, which can misbehave on demand."""
