"""The edge of every process: settings, wiring, HTTP, queues, telemetry."""
