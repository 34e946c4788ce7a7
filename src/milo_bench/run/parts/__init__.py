"""A case too long to send whole: its parts, and the one answer that is made of theirs."""
