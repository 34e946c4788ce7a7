"""One file for each schema number after the first: what it changed, and how an older row becomes one of it."""
