"""A recorded name in, the same name as one word of a shell line, of SQL within one, or of a comment, out.

No ``<`` and no ``](`` comes out of here: a runbook is Markdown, and not every program that shows Markdown keeps a
code block from becoming markup.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from milo_bench.core.text import one_line


def shell_word(text: str) -> str:
    """One word for a POSIX shell; for bash and zsh where the name could be taken for markup."""
    line = one_line(text, None)
    if "<" not in line and "](" not in line:
        return shlex.quote(line)
    inner = line.replace("\\", "\\\\").replace("'", "\\'").replace("<", "\\x3c").replace("](", "\\x5d(")
    return f"$'{inner}'"


def json_word(data: Any) -> str:
    """``data`` as JSON in one shell word."""
    return shlex.quote(json.dumps(data).replace("<", "\\u003c").replace("](", "\\u005d("))


def sql_string(text: str) -> str:
    """A string of SQL that stands within double quotes of a shell: neither may end early."""
    inner = (
        one_line(text, None).replace("'", "''").replace("<", "' || chr(60) || '").replace("](", "' || chr(93) || '(")
    )
    quoted = f"'{inner}'"
    return "".join(f"\\{char}" if char in '"$`\\' else char for char in quoted)


def comment_text(text: str) -> str:
    """What may stand behind a ``#``."""
    return one_line(text, None).replace("<", "‹").replace("](", "] (")[:300]
