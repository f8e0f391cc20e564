"""Whether the database has the schema of this code. Apart from `migrate`, so that the API need not import Alembic."""

from pathlib import Path

from merx import migrations
from merx.infra.postgres import Reader
from merx.infra.postgres.failures import unavailable
from merx.kernel.errors import Unavailable

CURRENT = "select version_num from public.alembic_version"


def head() -> str:
    """The newest revision that this code knows. Versions are one chain, named by revision in order of numbers."""
    return max(path.stem for path in (Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))


async def check_schema(reader: Reader) -> None:
    """Raises Unavailable unless the database is at head or was taken further by newer code.

    Newer is fine: versions only expand what running code uses, so that old and new code run side by side.
    """
    try:
        current = str(await reader.fetchval_text(CURRENT))
    except Exception as error:
        if "alembic_version" in str(error):
            raise Unavailable("the database has no schema yet, run `merx migrate`") from error
        raise unavailable(error) from error
    if current < head():
        raise Unavailable(f"the database is at {current} and this code needs {head()}, run `merx migrate`")
