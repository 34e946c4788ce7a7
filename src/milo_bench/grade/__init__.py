"""Attempts in, verdicts out; one file for each check, no network."""
