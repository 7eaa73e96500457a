"""Routes of the review room, one module for each kind of page."""
