"""One file for each measure; the file's name is the measure's."""
