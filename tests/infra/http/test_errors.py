"""Each failure has one public shape, and nothing internal gets out."""

import asyncpg
import msgspec
import pytest
import redis.exceptions
import sqlalchemy.exc
from litestar.exceptions import InternalServerException, MethodNotAllowedException, ValidationException

from merx.infra.http.errors import failure_of
from merx.kernel.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)
from merx.kernel.paging import InvalidCursor


class SoldOut(Conflict):
    slug = "orders.sold-out"
    title = "Sold out"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 422), (InvalidCursor(), 400), (Unauthenticated(), 401), (Forbidden(), 403), (NotFound(), 404),
        (Conflict(), 409), (SoldOut(), 409), (StaleVersion(), 409), (RateLimited(), 429), (Unavailable(), 503),
        (msgspec.ValidationError("x"), 400), (msgspec.DecodeError("x"), 400), (RecursionError(), 400),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), 400),
        (ConnectionRefusedError(111, "refused"), 503), (TimeoutError(), 503), (FileNotFoundError("/run/.s.PGSQL"), 503),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed"), 503),
        (asyncpg.CannotConnectNowError("starting"), 503), (asyncpg.AdminShutdownError("bye"), 503),
        (asyncpg.ConnectionDoesNotExistError("gone"), 503), (asyncpg.InterfaceError("pool is closed"), 503),
        (asyncpg.QueryCanceledError("timeout"), 503), (asyncpg.LockNotAvailableError("lock"), 503),
        (asyncpg.DeadlockDetectedError("lock"), 503), (asyncpg.TooManyConnectionsError("many"), 503),
        (asyncpg.DataError("invalid input"), 400), (asyncpg.CharacterNotInRepertoireError("0x00"), 400),
        (asyncpg.NumericValueOutOfRangeError("int"), 400), (asyncpg.StatementTooComplexError("deep"), 400),
        (asyncpg.UniqueViolationError("taken"), 409), (asyncpg.UndefinedTableError("orders"), 500),
        (sqlalchemy.exc.TimeoutError("pool"), 503), (redis.exceptions.ConnectionError("gone"), 503),
        (sqlalchemy.exc.DBAPIError("select", {}, asyncpg.AdminShutdownError("bye")), 503),
        (sqlalchemy.exc.DBAPIError("select", {}, asyncpg.DataError("x")), 400),
        (MethodNotAllowedException(), 405), (InternalServerException("secret"), 500),
        (ValidationException("x", extra=[{"key": "a", "message": "b"}]), 400),
        (ZeroDivisionError("secret"), 500), (KeyError("secret"), 500),
    ],
)  # fmt: skip
def test_status_of_each_error(error: Exception, status: int):
    failure = failure_of(error)
    assert failure.status == status
    problem = msgspec.json.decode(failure.body("r1"))
    assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "slug", "request_id"}
    assert "secret" not in failure.body("r1").decode()
    assert ("Retry-After" in dict(failure.headers)) == (status in (429, 503))


def test_a_driver_error_behind_sqlalchemy_is_seen():
    wrapped = RuntimeError("dbapi wrapper")
    wrapped.__cause__ = asyncpg.DeadlockDetectedError("x")
    assert failure_of(sqlalchemy.exc.DBAPIError("select", {}, wrapped)).status == 503


def test_a_stale_version_is_412_when_the_caller_named_one():
    assert failure_of(StaleVersion(), if_match=True).status == 412


def test_fields_and_extra_members():
    error = SoldOut("only 2 left", fields=(FieldError("lines[0].quantity", "too many"),), extra={"available": 2})
    problem = msgspec.json.decode(failure_of(error).body("r1"))
    assert problem["errors"] == [{"field": "lines[0].quantity", "message": "too many"}]
    assert (problem["available"], problem["slug"], problem["status"]) == (2, "orders.sold-out", 409)
    assert problem["type"] == "urn:merx:orders.sold-out"


def test_unexpected_errors_are_marked_for_the_log():
    assert not failure_of(ZeroDivisionError()).expected
    assert not failure_of(asyncpg.UndefinedTableError("x")).expected
    assert failure_of(NotFound()).expected
