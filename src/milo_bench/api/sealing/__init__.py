"""Logs, decisions and packages in; signatures, receipts and what remains after an erasure out."""
