"""`merx demo`: a whole shop on one machine, with nothing installed but this package."""
