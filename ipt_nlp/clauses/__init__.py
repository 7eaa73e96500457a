"""What single clauses say, learned on the shared encoder: patterns and risk."""
