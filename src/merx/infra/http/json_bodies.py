"""Request bodies are decoded once, straight into their struct, and strictly.

Litestar decodes into dictionaries and then converts them leniently, as it must for query strings: `"2"` would pass as a
number and `"no"` as false. A client that sends text for a number has a mistake to find.
"""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, ValidationException

_AT = re.compile(r"^(.*) - at `\$\.?(.*)`\Z", re.DOTALL)
_LENIENT = "create_data_extractor."


def _refusal(error: msgspec.ValidationError) -> ValidationException:
    found = _AT.match(str(error))
    message, path = (found[1], found[2]) if found else (str(error), "")
    return ValidationException(extra=[{"message": message, "key": path or "data", "source": "body"}])


def decode_strictly(model: Any, annotation: Any, *, optional: bool) -> None:
    """Puts a strict decoder in the place of Litestar's way of reading the body of one handler."""
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(annotation)

    async def extract(values: dict[str, Any], connection: Request[Any, Any, Any]) -> None:
        body = await connection.body()
        if not body:
            if optional:
                return
            raise ValidationException(extra=[{"message": "is required", "key": "data", "source": "body"}])
        try:
            values["data"] = decoder.decode(body)
        except msgspec.ValidationError as error:
            raise _refusal(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ClientException("The body is not valid JSON.") from None

    kept = [each for each in model.extractors if not each.__qualname__.startswith(_LENIENT)]
    if len(kept) == len(model.extractors):
        raise RuntimeError("Litestar reads bodies in another way than this module knows")
    model.extractors = [*kept, extract]
