"""Approvals, kept in the transaction of whoever asks for one or carries one out."""
