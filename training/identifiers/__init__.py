"""Builds what the identifier finder reads: its word lists and its token model."""
