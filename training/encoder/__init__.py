"""Building the sentence encoder."""
