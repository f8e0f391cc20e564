"""Text that people type, inside patterns of SQL."""


def beginning_with(prefix: str) -> str:
    """A pattern for `like`: what people type is nothing but text."""
    escaped = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"
