"""Answers of a run as they come in; which work is decided, and what else to ask, out."""
