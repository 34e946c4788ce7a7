"""A folder in, the decision packages and role registries within it out."""
