"""bench.yaml and the environment in, checked settings out."""
