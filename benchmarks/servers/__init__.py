"""Real servers that are installed here in, what Milo Bench finds, probes, runs and loads on each out."""
