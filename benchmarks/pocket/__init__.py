"""How the weights of pocket came about."""
