"""The screen at the end: where everything is, who may sign in, and what to try."""

import json
from pathlib import Path

from merx.bootstrap.demo.filling import Filled


def summary(*, base: str, folder: Path, filled: Filled, seconds: float) -> str:
    staff, customer = filled.staff, filled.customer
    body = json.dumps({"email": staff.email, "password": staff.password})
    return f"""
  Your shop is open (after {seconds:.1f} s).

    API        {base}/api/v1
    Docs       {base}/api/v1/schema/docs
    Staff      {staff.email}   {staff.password}
    Customer   {customer.email}   {customer.password}
    Files      {folder} (logs in log/, sent mail in mail/)

  Try it from another terminal:

    curl -s '{base}/api/v1/products?limit=3'
    curl -s '{base}/api/v1/search/products?q=wireles+mouse&limit=3'
    curl -s -X POST {base}/api/v1/auth/login -H 'Content-Type: application/json' -d '{body}'

  Ctrl-C stops everything; the data stays for the next start."""


def refused_rows(filled: Filled) -> str:
    """What the import left out, "" when nothing."""
    if not filled.refused:
        return ""
    lines = [f"\n  {filled.refused:,} rows of the catalogue were refused, all others are in:"]
    lines += [f"    {problem}" for problem in filled.problems]
    if filled.problems_file:
        lines.append(f"    all of them: {filled.problems_file}")
    return "\n".join(lines)
