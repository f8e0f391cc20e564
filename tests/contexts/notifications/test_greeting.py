"""A mail calls somebody by a name, and carries nothing else that was written in its place."""

import pytest

from merx.contexts.notifications.domain.greeting import callable_name


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace",
        "J. R. Hartley",
        "Jörg",
        "O'Neill-Smith",
        "O\u2019Neill",
        "王小明",
        "प्रिया शर्मा",
        "Nguyễn Văn A.",
        "M.-L. Duc",
    ],
)
def test_a_name_is_used(name: str):
    assert callable_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", "you won 500 USD! Claim it at https://evil.example/prize?id=77", "evil.example", "www.evil.example now",
        "evil\u3002example", "a@evil.example", "Call 555 0100", "x" * 61, "a\nb", "<b>Ada</b>", "Ada/Lovelace", "a.b",
    ],
)  # fmt: skip
def test_what_may_be_something_else_is_not(name: str):
    assert callable_name(name) == ""
