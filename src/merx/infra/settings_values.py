"""Kinds of values that settings take, and the error for those that are wrong."""

from typing import Annotated, Any, Literal, get_args, get_origin

from msgspec import Meta, ValidationError

from merx.infra.plain_words import among, plainly

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
Millis = Annotated[int, Meta(ge=1, le=600_000)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000)]
Connections = Annotated[int, Meta(ge=1, le=1000)]


class SettingsError(Exception):
    """The process must not start like this. `problems` has one sentence for each wrong variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("cannot start with these settings:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


def what_is_wrong(error: ValidationError, kind: Any) -> str:
    """With the choices where there are some."""
    choices = [str(each) for part in (kind, *get_args(kind)) if get_origin(part) is Literal for each in get_args(part)]
    return among(choices) if choices else plainly(str(error))
