"""What is wrong with a message of a prompt: in words for its author, with the line, whoever found it."""

from __future__ import annotations


class PromptError(Exception):
    """``said`` has no full stop; ``line`` counts from 1 in the message; ``missing``: an input has not what it names."""

    def __init__(self, said: str, hint: str = "", *, line: int = 1, missing: bool = False) -> None:
        super().__init__(said)
        self.said, self.hint, self.line, self.missing = said, hint, line, missing
