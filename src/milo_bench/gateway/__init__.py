"""An OpenAI-compatible server that enforces a routing table."""
