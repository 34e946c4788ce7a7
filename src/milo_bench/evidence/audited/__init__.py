"""What an audit of the gateway says: alarms over it, and counts of what was served."""
