"""The pages on the gateway: its health, and the work that it gave to people."""
