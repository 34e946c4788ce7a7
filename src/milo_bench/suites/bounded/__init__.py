"""Archives and XML that anyone may have made in, their parts out: size, count and nesting have limits."""
