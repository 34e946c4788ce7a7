"""Speed and truth of the measuring itself, beside peers; not part of the tests."""
