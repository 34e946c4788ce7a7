"""Deterministic rails around a model, shared by checks, commands and the gateway."""
