"""One file for each format: what another tool wrote in, its answers one by one out."""
