"""Verdicts and timings in, measures with n and interval out."""
