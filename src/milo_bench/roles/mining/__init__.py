"""Commits in, cases of each kind of work out; what was rejected, with the reason."""
