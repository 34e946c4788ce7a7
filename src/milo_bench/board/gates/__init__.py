"""Answers of a run as they come in, its gates closing in on their bounds out."""
