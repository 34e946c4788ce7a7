"""A file of an office in, its text out: what a reader is, and what readers share."""
