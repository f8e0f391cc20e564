"""Events that are published if and only if the transaction that made them true commits."""
