"""The checks, one file each: a file here is a check of its name."""
