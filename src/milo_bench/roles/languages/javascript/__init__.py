"""JavaScript and TypeScript: package.json in; packages, test runs, and signs of tampering out."""
