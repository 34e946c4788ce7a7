"""A certificate and its key as files in, a TLS context out that follows them: a renewed one needs no restart."""

from __future__ import annotations

import ssl
from pathlib import Path

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.files import require_regular, stamp_of
from milo_bench.gateway.options import ServeOptions


class Certificates:
    """``context`` has the certificate that counts for new connections; those that are open keep theirs.

    Raises PrerequisiteError where the files cannot be used.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._taken = self._looked = self._stamps()
        self.context = self._read(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))

    def take_renewed(self) -> bool:
        """Take over files that have changed and rest since the last look; whether there were any.

        Raises PrerequisiteError where they cannot be used: the certificate before them stays until they change again.
        """
        stamps = self._stamps()
        before, self._looked = self._looked, stamps
        if stamps == self._taken or stamps != before:
            return False
        self._taken = stamps
        self._read(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))  # a pair that does not match would break ours
        self._read(self.context)
        return True

    def _stamps(self) -> tuple[tuple[int, int, int], ...]:
        return stamp_of(self._chain), stamp_of(self._key)

    def _read(self, context: ssl.SSLContext) -> ssl.SSLContext:
        try:
            for path in (self._chain, self._key):
                require_regular(path)
            context.load_cert_chain(self._chain, self._key, password=_no_passphrase)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            said = getattr(error, "strerror", None) or error
            message = f"Cannot use {self._chain} and {self._key} for TLS: {said}."
            raise PrerequisiteError(message, hint="give a PEM certificate chain and its key.") from None
        return context


def _no_passphrase() -> str:
    """Without it, OpenSSL asks at the terminal, and a gateway that takes over a renewed key would wait for ever."""
    raise ValueError("the key has a passphrase")


def certificates_of(options: ServeOptions) -> Certificates | None:
    """Those that the options name, None where they name none. Raises UsageError for one without the other."""
    if options.tls_cert is None and options.tls_key is None:
        return None
    if options.tls_cert is None or options.tls_key is None:
        raise UsageError("--tls-cert and --tls-key belong together.", hint="give both.")
    return Certificates(options.tls_cert, options.tls_key)
