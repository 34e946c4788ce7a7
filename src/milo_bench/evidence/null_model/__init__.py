"""A candidate's answers in, what one of them would score if it were given to every fixture, out."""
