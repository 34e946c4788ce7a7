"""Run logs on disk: append, recover, resume, read."""
