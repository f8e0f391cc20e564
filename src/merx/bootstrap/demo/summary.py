"""The screen at the end: where everything is, who may sign in, and what to try."""

import json
from pathlib import Path
from typing import Protocol


class Login(Protocol):
    @property
    def email(self) -> str: ...
    @property
    def password(self) -> str: ...


class Logins(Protocol):
    """Who the seed made, as far as this screen shows it."""

    @property
    def staff(self) -> Login: ...
    @property
    def customer(self) -> Login: ...


def summary(*, base: str, folder: Path, staff: Login, customer: Login, seconds: float) -> str:
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
    curl -s '{base}/api/v1/search/products?q=wireles+headphones&limit=3'
    curl -s -X POST {base}/api/v1/auth/login -H 'Content-Type: application/json' -d '{body}'

  Ctrl-C stops everything; the data stays for the next start."""
