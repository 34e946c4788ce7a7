"""Operator episodes and permits in, what a terminal shows of them out."""
