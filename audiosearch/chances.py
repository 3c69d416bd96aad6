"""Probabilities as people read them, wherever they stand: in tables, labels, sheets and pages."""


def chance(probability: float) -> str:
    """A probability to three digits, never rounded up to certainty.

    >>> chance(0.5), chance(0.99996)
    ('0.500', '0.999')
    """
    return f"{int(probability * 1000) / 1000:.3f}"
