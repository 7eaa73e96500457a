"""How IPT-Synth is put together from what its writers hand in."""
