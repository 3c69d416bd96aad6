"""Do the same words have the same codes, whoever says them: the measurement."""
