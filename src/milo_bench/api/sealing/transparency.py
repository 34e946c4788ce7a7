"""A signature in, the receipt of a transparency log out: the one place that sends a signature anywhere."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from typing import Final

import msgspec

from milo_bench.core.errors import TargetError
from milo_bench.core.text import one_line
from milo_bench.report.receipt import read_receipt
from milo_bench.report.signature import Envelope

_TIMEOUT_S: Final = 30.0
_MOST_BYTES: Final = 1 << 20


def get_receipt(log: str, envelope: Envelope, public_key: bytes) -> bytes:
    """Enter ``envelope`` into the transparency log at the address ``log``; its answer, as it came.

    ``public_key`` is in PEM form. Raises TargetError where the log cannot be reached or refuses, DataError for an
    answer that is no entry.
    """
    content = {
        "envelope": msgspec.json.encode(envelope).decode(),
        "verifiers": [base64.b64encode(public_key).decode()],
    }
    entry = {"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": content}}
    request = urllib.request.Request(  # noqa: S310  the settings take http and https alone
        f"{log.rstrip('/')}/api/v1/log/entries",
        data=msgspec.json.encode(entry),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            data: bytes = answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        message = f"The transparency log at {one_line(log, 80)} refused the signature: HTTP {error.code}."
        raise TargetError(message, hint="check signing.transparency_log in bench.yaml.") from None
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        message = f"Cannot reach the transparency log at {one_line(log, 80)}: {one_line(str(error), 120)}."
        raise TargetError(
            message, hint="check signing.transparency_log in bench.yaml, or sign with --no-receipt."
        ) from None
    read_receipt(data)
    return data
