"""Clients that teams have, each against a running gateway: what they ask for comes, refusals are understood."""
