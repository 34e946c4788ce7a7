"""Assertions of a fixture: how each is read, scored and combined."""
