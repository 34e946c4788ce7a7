"""The same work over many machines, on Ray (extra ``milo-bench[ray]``)."""
