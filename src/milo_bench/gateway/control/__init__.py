"""Standing control: what was measured is watched while it runs, and what has changed becomes an incident."""
