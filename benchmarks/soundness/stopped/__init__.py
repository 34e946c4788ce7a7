"""Runs that stop by what they see, simulated: their gates, their scores, and pairs beside a baseline."""
