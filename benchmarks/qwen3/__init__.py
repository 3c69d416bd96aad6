"""How fast qwen3-tts-12hz is beside qwen-tts, and whether the codes are the same."""
