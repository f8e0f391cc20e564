"""The wake-up queue: taskiq over a Redis stream. It carries ids of deliveries; the work itself waits in PostgreSQL."""
