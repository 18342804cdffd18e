"""In-memory stand-ins for the outside world. Contract tests run each of them and the real adapter side by side."""
