"""Sound to codes. One file per tokenizer; entry points make them known by name."""
