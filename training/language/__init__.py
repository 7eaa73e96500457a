"""Trains `models/en_ipt_core`; see README.md beside this file."""
