"""Settings of a shop that is open."""

import pytest

from merx.infra.keys import ensure_keys


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("shop")
    ensure_keys(folder)
    return {
        "MERX_ENVIRONMENT": "production",
        "MERX_SECRET_FILE": str(folder / "secret"),
        "MERX_TOKEN_KEY_FILE": str(folder / "token.pem"),
        "MERX_PUBLIC_URL": "https://shop.example",
        "MERX_DATA_DIR": str(folder),
    }
