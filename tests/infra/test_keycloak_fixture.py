"""What the tests with a real Keycloak do on a machine that cannot bring it."""

import pytest

from tests.support.keycloak.server import archive_or_skip, cache_folder


@pytest.fixture(autouse=True)
def without_tools(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MERX_TEST_KEYCLOAK", raising=False)


def test_they_are_left_out_with_the_reason():
    with pytest.raises(pytest.skip.Exception, match="no mvn and java on this machine; MERX_TEST_KEYCLOAK_URL names"):
        archive_or_skip()


def test_they_fail_in_the_session_that_is_for_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MERX_TEST_KEYCLOAK", "required")
    with pytest.raises(pytest.fail.Exception, match="no mvn and java"):
        archive_or_skip()


def test_what_was_downloaded_is_kept_outside_the_tree(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.delenv("MERX_TEST_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "merx-test"
    monkeypatch.setenv("MERX_TEST_CACHE", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"
