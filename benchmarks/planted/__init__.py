"""Models of planted truth on the whole suites in, run logs, sample packages and what decide found of the truth out."""
