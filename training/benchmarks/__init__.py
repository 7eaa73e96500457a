"""Time and memory, measured in one run on one machine."""
