"""The outside world, one technology and one port a file."""
