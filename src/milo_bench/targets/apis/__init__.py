"""The APIs that a model can be served over, one file each: a file here is an API of its name."""
