"""Measures and stated assumptions in, capacity and cost out."""
