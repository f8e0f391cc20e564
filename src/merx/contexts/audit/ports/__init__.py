"""What audit needs from outside: storage, neighbours, services; adapters implement it."""
