"""A spreadsheet in, rows of cells as a person sees them out: what a reader is, and what readers share."""
