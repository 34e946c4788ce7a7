"""A source of cases in, a suite folder out: what an importer is, and what they share."""
