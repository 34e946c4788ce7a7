"""Milo Bench decides what work a language model may be given, and proves why."""

__version__ = "0.1.0"
