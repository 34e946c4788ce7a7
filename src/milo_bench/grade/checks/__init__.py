"""One file for each check; importing this package registers them all, in this order."""
