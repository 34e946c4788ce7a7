"""The formats that suites are imported from, one file each: a file here is a format of its name."""
