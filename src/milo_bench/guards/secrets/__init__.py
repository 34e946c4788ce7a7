"""Secrets in texts: keys of services, private keys, tokens and passwords."""

from milo_bench.guards.secrets.find import SECRET_KINDS, Secret, SecretKind, find_secrets
from milo_bench.guards.secrets.replace import SecretsRedactor

__all__ = ["SECRET_KINDS", "Secret", "SecretKind", "SecretsRedactor", "find_secrets"]
