"""Processes and devices of this machine in, samples of them while a run lasts out."""
