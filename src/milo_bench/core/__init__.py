"""The words every room shares: records, errors, hashes, clocks, the small registry."""
