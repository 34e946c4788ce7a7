"""A folder of a user's own operator tasks in; tasks that the bench proves and plays, their code in the sandbox, out."""
