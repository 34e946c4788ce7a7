"""Measures and decisions in, text, tables and files for people and tools out."""
