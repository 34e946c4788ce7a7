"""A promptfoo configuration in: its script, tests and variables, read as promptfoo reads them, out."""
