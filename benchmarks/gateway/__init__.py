"""The gateway beside a bare asyncio proxy and other gateways, in one run."""
