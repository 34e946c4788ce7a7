"""The pages on what was decided: packages, permits, routing tables, roles, what operators did."""
