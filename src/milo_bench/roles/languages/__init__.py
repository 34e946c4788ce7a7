"""A language of mined code in, which files are its source and tests, and how its tests are run, out."""
