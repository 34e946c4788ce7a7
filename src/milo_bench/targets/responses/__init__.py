"""OpenAI's Responses API, as a server of it needs it: requests read, answers written."""
