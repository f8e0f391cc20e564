"""`python -m merx` is the `merx` command."""

import sys

from merx.bootstrap.cli import main

sys.exit(main())
