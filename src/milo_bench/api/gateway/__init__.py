"""The gateway, its queue, keys, audit and samples, wired for the command line."""
