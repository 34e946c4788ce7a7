"""Counters and spans out, to what a team runs; off unless configured."""
