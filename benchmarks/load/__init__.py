"""How true the figures of `milo-bench load` are, beside a server with a known clock and beside peers."""
