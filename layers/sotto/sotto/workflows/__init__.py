"""What the service does, one verb a file; the outside world comes in through ports.py."""
