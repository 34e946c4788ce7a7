"""Office documents with known text in every format that is imported, made without an office program."""
