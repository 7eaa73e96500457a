"""Problem areas: sentence encoder, classifier, thresholds, evidence, bundle on disk."""
