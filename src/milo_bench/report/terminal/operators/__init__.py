"""What serves until Ctrl-C in, what a terminal shows of it out."""
