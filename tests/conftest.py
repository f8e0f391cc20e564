"""Fixtures for every test: the real servers (started only when a test asks for one)."""

pytest_plugins = ["tests.support.servers"]
