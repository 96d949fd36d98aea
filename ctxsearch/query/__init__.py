"""Answers queries: which rows of which shards, and the concordance lines they stand for."""
