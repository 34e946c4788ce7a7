"""The probes, one file each: a file here is a probe of its name."""
