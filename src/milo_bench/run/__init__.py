"""A plan in, a run log out: what to ask, in which order, and the asking."""
