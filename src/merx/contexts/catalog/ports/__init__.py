"""What catalog needs from outside: storage, neighbours, services; adapters implement it."""
