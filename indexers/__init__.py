"""How recordings get in, and where they are kept: the pipeline, and one file per store."""
