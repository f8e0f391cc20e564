"""Accounts, sessions and the chain of refresh tokens, without any storage."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.identity.domain import session as session_module
from merx.contexts.identity.domain.account import Account, AccountKind, check_new_password
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import CustomersHoldNoPermissions, InvalidRefreshToken, WeakPassword
from merx.contexts.identity.domain.session import (
    ABSOLUTE_LIFE,
    GRACE,
    IDLE_LIFE,
    MAX_BEHIND,
    MAX_GENERATION,
    EndReason,
    RefreshToken,
    Rotation,
    Session,
)
from merx.kernel.address import email_key
from merx.kernel.errors import Invalid
from merx.kernel.ids import new_id
from tests.support.calls import calls_of
from tests.support.clock import FixedClock

KEY = b"k" * 32
NOW = FixedClock().now()
LATER = NOW + GRACE + timedelta(seconds=1)


def open_account(**changes):
    fields = {"email": " Ada@Example.com ", "name": "Ada", "kind": AccountKind.customer, "password_hash": "h"}
    return Account.open(**{**fields, **changes}, now=NOW)


def test_an_account_keeps_the_email_as_typed_and_a_key_for_comparison():
    account, event = open_account()
    assert (account.email, account.email_key) == ("Ada@Example.com", "ada@example.com")
    assert (event.account_id, event.email, event.at) == (account.id, "Ada@Example.com", NOW)
    assert email_key(" ADA@example.COM\t") == account.email_key


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("mi\u212ae@example.com", "miKe@example.com", id="a Kelvin sign"),
        pytest.param("jose\u0301@example.com", "jos\u00e9@example.com", id="a letter and its accent"),
    ],
)
def test_s05_nobody_takes_an_address_with_letters_that_look_the_same_and_get_no_mail(typed, kept):
    account, event = open_account(email=typed)
    assert (account.email, event.email) == (kept, kept)
    assert account.email_key == email_key(kept) == email_key(typed)


def test_an_address_in_capitals_is_the_same_account():
    """The small form of a J and its caron is one letter and two, in two forms."""
    assert (
        open_account(email="J\u030cana@example.com")[0].email_key
        == open_account(email="\u01f0ana@example.com")[0].email_key
    )


@pytest.mark.parametrize(
    "letter", [pytest.param("\u0958", id="two when composed"), pytest.param("\u0130", id="two when small")]
)
def test_an_email_that_grows_beyond_what_can_be_kept_is_refused(letter):
    with pytest.raises(Invalid):
        open_account(email=letter * 64 + "@" + letter * 100 + ".in")
    assert open_account(email=letter * 64 + "@" + letter * 50 + ".in")[0].email_key


def test_permissions_are_a_set_and_only_for_staff():
    account, _ = open_account(kind=AccountKind.staff, permissions=("b:write", "a:read", "b:write"))
    assert account.permissions == ("a:read", "b:write")
    assert not account.grant(("b:write", "a:read"))
    assert account.grant(("*",))
    with pytest.raises(CustomersHoldNoPermissions):
        open_account(permissions=("*",))


@pytest.mark.parametrize("password", ["", "seven77", "x" * 257])
def test_a_password_that_is_too_short_or_too_long_is_refused(password):
    with pytest.raises(WeakPassword):
        check_new_password(password)


def started(now=NOW):
    return Session.start(new_id(), now, "agent")


def rotate(session, token, now=NOW):
    outcome, successor = session.rotate(token, KEY, now)
    assert outcome is Rotation.rotated
    return successor


def test_each_token_is_good_for_one_successor():
    session, first = started()
    second = rotate(session, first)
    third = rotate(session, second)
    assert len({first.secret, second.secret, third.secret}) == 3
    assert session.generation == 2
    assert session.owns(first, KEY)
    assert session.owns(third, KEY)


def test_s02_only_the_hash_of_the_newest_secret_is_kept():
    session, first = started()
    second = rotate(session, first)
    assert second.secret not in session.token_hash
    assert first.secret not in session.token_hash


def test_a_lost_answer_is_given_again_for_a_moment():
    session, first = started()
    second = rotate(session, first)
    assert session.rotate(first, KEY, NOW + GRACE) == (Rotation.repeated, second)
    assert session.ended_at is None


@pytest.mark.parametrize("rotations", [1, 2, MAX_BEHIND])
def test_s02_an_old_token_ends_the_session(rotations):
    session, first = started()
    newest = first
    for _ in range(rotations):
        newest = rotate(session, newest)
    assert session.rotate(first, KEY, LATER) == (Rotation.reused, None)
    assert (session.ended_at, session.end_reason) == (LATER, EndReason.reused)
    with pytest.raises(InvalidRefreshToken):
        session.rotate(newest, KEY, LATER)


def test_a_token_that_claims_to_be_very_old_is_refused_without_work():
    session, first = started()
    newest = first
    for _ in range(MAX_BEHIND + 1):
        newest = rotate(session, newest)
    with calls_of(session_module._next) as digests:
        with pytest.raises(InvalidRefreshToken):
            session.rotate(first, KEY, LATER)
        assert not session.owns(first, KEY)
    assert digests.count == 0
    with calls_of(session_module._next) as digests, pytest.raises(InvalidRefreshToken):
        session.rotate(RefreshToken(session.id, 1, b"x" * 32), KEY, LATER)
    assert digests.count == MAX_BEHIND
    rotate(session, newest, LATER)


@pytest.mark.parametrize("over", ["ended", "expired"])
def test_a_session_that_is_over_computes_nothing(over):
    session, first = started()
    second = rotate(session, first)
    if over == "ended":
        session.end(EndReason.signed_out, NOW)
    with calls_of(session_module._next) as digests:
        for token in (first, second):
            with pytest.raises(InvalidRefreshToken):
                session.rotate(token, KEY, NOW if over == "ended" else session.expires_at)
    assert digests.count == 0


def test_two_behind_is_never_a_lost_answer():
    session, first = started()
    rotate(session, rotate(session, first))
    assert session.rotate(first, KEY, NOW)[0] is Rotation.reused


def test_a_forged_token_changes_nothing():
    session, first = started()
    second = rotate(session, first)
    forged = [
        RefreshToken(session.id, 0, b"x" * 32),
        RefreshToken(session.id, 1, b"x" * 32),
        RefreshToken(session.id, 1, first.secret),
        RefreshToken(session.id, 0, second.secret),
        RefreshToken(session.id, 2, second.secret),
        RefreshToken(new_id(), 1, second.secret),
    ]
    for token in forged:
        with pytest.raises(InvalidRefreshToken):
            session.rotate(token, KEY, LATER)
        assert not session.owns(token, KEY)
    assert session.ended_at is None
    rotate(session, second, LATER)


def test_the_next_token_cannot_be_computed_without_the_key():
    session, first = started()
    second = rotate(session, first)
    assert session.rotate(first, KEY, NOW)[1] == second
    with pytest.raises(InvalidRefreshToken):
        session.rotate(first, b"another key", NOW)


def test_a_session_ends_when_nobody_uses_it():
    session, first = started()
    with pytest.raises(InvalidRefreshToken):
        session.rotate(first, KEY, NOW + IDLE_LIFE)


def test_s02_a_session_ends_at_last_however_often_it_is_used():
    session, token = started()
    now = NOW
    while now < NOW + ABSOLUTE_LIFE - timedelta(days=7):
        now += timedelta(days=7)
        token = rotate(session, token, now)
    assert session.expires_at == NOW + ABSOLUTE_LIFE
    with pytest.raises(InvalidRefreshToken):
        session.rotate(token, KEY, NOW + ABSOLUTE_LIFE)


def test_a_session_ends_after_very_many_uses():
    session, token = started()
    for _ in range(MAX_GENERATION):
        token = rotate(session, token)
    with pytest.raises(InvalidRefreshToken):
        session.rotate(token, KEY, NOW)


def test_a_token_survives_being_written_down():
    _, token = started()
    assert RefreshToken.parse(token.text()) == token
    assert token.secret.hex() not in repr(token)


@given(st.one_of(st.text(max_size=140), st.binary(max_size=60).map(lambda raw: f"mx_rt_{raw.hex()}")))
def test_any_other_text_is_no_token(text):
    try:
        parsed = RefreshToken.parse(text)
    except InvalidRefreshToken:
        return
    assert len(parsed.secret) == 32


@given(st.text(), st.text())
def test_what_a_caller_says_of_itself_is_bounded_and_printable(address, agent):
    caller = Caller.of(address, agent)
    assert len(caller.address) <= 64
    assert len(caller.user_agent) <= 200
    assert caller.user_agent.isprintable()
