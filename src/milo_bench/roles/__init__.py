"""Git repositories in, suites mined from their commits out; answers in, what running them showed out."""
