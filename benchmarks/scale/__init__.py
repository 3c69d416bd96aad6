"""How questions slow down, and the store grows, with the hours that are stored."""
