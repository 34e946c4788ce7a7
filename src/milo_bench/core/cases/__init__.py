"""A case as a system keeps it, and what can be known of it before a model is called."""
