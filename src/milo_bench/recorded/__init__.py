"""Answers that other tools recorded in, a run log and what could not be carried over out; a file for each format."""
