"""Runs in PostgreSQL, as a state store for pipekit."""
