"""Load, check, import, redact and regenerate suites; the shipped ones are in builtin/."""
