"""registry.yaml: who has which role of work, who challenges, and by which rules they change."""
