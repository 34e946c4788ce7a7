"""Generators of the built-in suites: a package here makes the fixtures of the suite of its name."""
