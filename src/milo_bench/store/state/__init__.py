"""What changes while a gateway runs: the queue of people's work, keys and their use; SQLite, or PostgreSQL by URL."""
