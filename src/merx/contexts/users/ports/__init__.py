"""What users needs from outside: storage, neighbours, services; adapters implement it."""
