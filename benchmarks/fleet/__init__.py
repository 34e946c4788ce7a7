"""The fleet on two Ray nodes of this machine: overhead, grading, kills; and 10 million attempts on paper."""
