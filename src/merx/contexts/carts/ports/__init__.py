"""What carts needs from outside: storage, neighbours, services; adapters implement it."""
