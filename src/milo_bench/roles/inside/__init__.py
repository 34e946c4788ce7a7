"""Programs that run inside the sandbox, with the mined repository's own Python and none of this package."""
