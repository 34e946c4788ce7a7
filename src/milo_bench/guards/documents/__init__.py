"""What a text says of documents: read, not seen, missing, there."""
