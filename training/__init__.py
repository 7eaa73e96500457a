"""Recipes that rebuild every shipped model from the corpora."""
