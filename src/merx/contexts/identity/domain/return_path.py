"""Where somebody is led after signing in: a path of the shop and never another site."""

import re
from urllib.parse import unquote_to_bytes

from merx.contexts.identity.domain.provider_errors import UnsafeReturn

MAX_LENGTH = 512
# What RFC 3986 allows in a path, a query and a fragment. No backslash (browsers read it as a slash), no control
# character and no blank (browsers drop some of them), nothing beyond ASCII (some of it is normalised to a slash).
_ALLOWED = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?#]*\Z")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Backslash, controls and blank; `@` and `:` could become an account and a scheme.
_UNSAFE_WHEN_DECODED = re.compile(rb"[\x00-\x20\x7f\\]")
_ROUNDS = 4


def safe_return_path(text: str) -> str:
    """The path as it was given. Raises UnsafeReturn.

    Its encoded forms are looked at too: what some program between here and the page would decode to another site, a
    header line or a way up the tree is refused now.
    """
    if len(text) > MAX_LENGTH or not _ALLOWED.match(text) or _BROKEN_ESCAPE.search(text):
        raise UnsafeReturn
    path = re.split("[?#]", text, maxsplit=1)[0].encode()
    for _ in range(_ROUNDS):
        climbs = {b".", b".."} & set(path.split(b"/"))
        # What is no UTF-8 is read in many ways.
        if b"//" in path or _UNSAFE_WHEN_DECODED.search(path) or climbs or not _is_utf8(path):
            raise UnsafeReturn
        decoded = unquote_to_bytes(path)
        if decoded == path:
            break
        path = decoded
    else:
        raise UnsafeReturn
    # In the rest nothing leads anywhere, but CR and LF would end a header.
    if _UNSAFE_WHEN_DECODED.search(unquote_to_bytes(text).replace(b" ", b"")):
        raise UnsafeReturn
    return text


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
