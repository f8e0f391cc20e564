"""What notifications needs from outside: storage, neighbours, services; adapters implement it."""
