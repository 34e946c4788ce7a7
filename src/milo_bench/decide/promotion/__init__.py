"""Paired outcomes and a policy in; promote, hold, reject or retire for each challenger of a role out. Pure."""
