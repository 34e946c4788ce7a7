"""Run logs, packages and the state database in, pages of a web browser out: look, review, and answer the queue."""
