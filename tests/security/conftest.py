"""Settings of a shop that is open."""

from pathlib import Path

import pytest

from merx.infra.keys import ensure_keys


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    ensure_keys(tmp_path)
    return {
        "MERX_ENVIRONMENT": "production",
        "MERX_SECRET_FILE": str(tmp_path / "secret"),
        "MERX_TOKEN_KEY_FILE": str(tmp_path / "token.pem"),
        "MERX_PUBLIC_URL": "https://shop.example",
        "MERX_DATA_DIR": str(tmp_path),
    }
