"""The spaCy side: pipeline and components (registered as spaCy factories)."""
