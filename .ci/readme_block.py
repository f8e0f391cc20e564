"""Prints the n-th fenced block of README.md: what a reader would paste is what CI runs."""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def fenced_blocks() -> list[str]:
    return re.findall(r"^```[^\n]*\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


if __name__ == "__main__":
    print(fenced_blocks()[int(sys.argv[1]) - 1].strip())
