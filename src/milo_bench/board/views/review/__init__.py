"""The pages on which people score answers."""
