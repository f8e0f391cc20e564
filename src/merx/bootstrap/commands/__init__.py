"""One module for each sub-command of `merx`; see `merx.bootstrap.cli`."""
