"""The API as OpenAPI 3.1: one file a door (functions/<door>), joined by document.py.

A house test compares every row with its handler: name, docstring, body, query, path and scope are one thing.
"""
