"""What the user of Merx in Redis may do: what Merx does there, and nothing else.

For servers that other programs use too, or that somebody may reach through a hole elsewhere: this user sees no key of
others, and neither empties nor configures the server. A script runs with the rights of whoever calls it.
"""

USER = "merx"
PREFIX = "merx:"
COMMANDS = (
    # connecting
    *("client|setinfo", "ping", "select"),
    # limits and throttle: scripts, and what they call
    *("evalsha", "script|load", "time", "exists", "get", "set", "del", "hget", "hmget", "hset", "hincrby", "pexpire"),
    # the wake-up queue
    *("xadd", "xreadgroup", "xack", "xdel", "xautoclaim", "xpending", "xgroup|create", "xgroup|delconsumer"),
    *("xinfo|consumers", "multi", "exec"),
)
RULES = " ".join(("resetkeys", f"~{PREFIX}*", "resetchannels", "-@all", *(f"+{command}" for command in COMMANDS)))
