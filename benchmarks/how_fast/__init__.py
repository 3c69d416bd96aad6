"""How fast, in how much memory, in how many bytes."""
