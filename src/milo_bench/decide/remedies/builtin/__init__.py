"""One file for each remedy; the file's name is the remedy's."""
