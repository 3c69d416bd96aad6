"""What is found of excerpts planted in a long upload, and of copies planted in a library."""
