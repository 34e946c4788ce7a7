"""Roads to a wrong verdict, each simulated with a known truth: the error promised, and the error found."""
