"""The tools of the operator worlds, one file per group, grouped as operators know them."""
