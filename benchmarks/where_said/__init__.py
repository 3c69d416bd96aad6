"""Where is a phrase said? The measurement of `locate`, and of others beside it."""
