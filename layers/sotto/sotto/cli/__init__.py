"""The `sotto` command: a client of the public API, like any other. Read `main` first, then `api`."""
