"""One message of a prompt: what a template may do, how it is rendered, what can be wrong with it."""
