"""What PostgreSQL's error codes mean to whoever asked. Imports no driver: a process on memory has the same table."""

# Beginnings of the SQLSTATEs after which the same work may succeed: 08 connection, 25P0 idle transaction ended,
# 40 serialisation and deadlock, 53 resources (disk full, too many connections), 55P lock not available,
# 57 stopped by operator or timeout, 58 system.
AWAY = ("08", "25P0", "40", "53", "55P", "57", "58")
