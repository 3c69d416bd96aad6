"""Text encoders: sentences as vectors, those of like meaning near each other."""
