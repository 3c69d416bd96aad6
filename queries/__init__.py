"""How to ask: one file per question."""
