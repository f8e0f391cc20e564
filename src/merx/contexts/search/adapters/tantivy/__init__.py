"""The embedded engine: an index in a folder (or in memory), read in the process, written by one process at a time."""
