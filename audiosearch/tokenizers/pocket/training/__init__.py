"""How the weights of the pocket tokenizer are made; see `__main__` for the command."""
