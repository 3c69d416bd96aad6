"""How the weights of the verifier (`audiosearch.verifier`) are made; see `__main__` for the command."""
