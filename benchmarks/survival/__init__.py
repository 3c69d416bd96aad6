"""Which codes of a tokenizer survive what happens to sound."""
