"""Runs and loads as metrics and spans, for whoever watches machines: numbers and names, never text."""
