"""Registries, repositories and run logs in; mined suites, promotions and the page of the roles out."""
