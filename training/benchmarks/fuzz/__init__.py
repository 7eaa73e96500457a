"""Random and mutated input for every reader and for the loader of result documents."""
