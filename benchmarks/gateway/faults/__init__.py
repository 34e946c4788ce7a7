"""What goes wrong before, behind and inside a gateway, and whether it holds: faulted streams, sixteen faults, kills."""
