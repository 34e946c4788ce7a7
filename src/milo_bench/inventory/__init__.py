"""What this machine is and which models answer on it."""
