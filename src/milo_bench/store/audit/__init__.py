"""What a gateway did with each request: a keyed chain of lines that nobody can change, drop or cut unseen."""
