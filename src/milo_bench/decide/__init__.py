"""Measures and a policy in, findings and a routing table out."""
