"""Alembic migrations of the review room's database."""
