"""The kinds of spreadsheet, one file each: a file here is a format of its name."""
