"""The board on a million attempts, and beside the viewers of Inspect and promptfoo."""
