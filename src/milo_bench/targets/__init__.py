"""One file for each API that a model can be served over."""
