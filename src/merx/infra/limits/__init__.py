"""How much a caller may ask for: token buckets, counted in this process or for all processes together."""
