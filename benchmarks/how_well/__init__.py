"""Is a degraded excerpt of a recording recognized, and nothing else: the measurement."""
