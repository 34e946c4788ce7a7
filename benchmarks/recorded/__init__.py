"""Recorded answers of real models in, what the product makes of them out; data stay where they are."""
