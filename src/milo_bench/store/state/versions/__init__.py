"""Each schema of the state database, in one file that lifts the one before it."""
