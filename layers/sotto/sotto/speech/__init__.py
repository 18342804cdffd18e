"""The speech engine: from a recording to words with times. Knows the domain only."""
