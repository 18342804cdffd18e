"""The `sotto` command, on the public API."""
