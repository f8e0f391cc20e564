"""What operations needs from outside: storage; adapters implement it."""
