"""Which passage answers a spoken question: see the module `__main__`."""
