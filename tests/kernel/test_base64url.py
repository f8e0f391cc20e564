"""Bytes as text in addresses, headers and cookies."""

import pytest

from merx.kernel import base64url


@pytest.mark.parametrize("raw", [b"", b"a", b"ab", b"abc", b"i\xbf\xbf", bytes(range(256))])
def test_bytes_come_back_with_and_without_padding(raw):
    text = base64url.encode(raw)
    assert not set("+/=") & set(text)
    assert base64url.decode(text) == base64url.decode(text + "=" * (-len(text) % 4)) == raw


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ab+/", id="the other alphabet"),
        pytest.param("YR", id="bits behind the last byte"),
        pytest.param("Y=Q", id="padding inside"),
        pytest.param("YQ\n", id="a line break"),
        pytest.param("Y", id="half a byte"),
        pytest.param("\u00e9", id="no ASCII"),
    ],
)
def test_the_same_bytes_have_no_second_spelling(text):
    with pytest.raises(ValueError, match=r"."):
        base64url.decode(text)
