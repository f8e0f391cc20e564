"""The audit trail as units of work write it. It is read and proved by the context `audit`."""
