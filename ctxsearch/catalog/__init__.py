"""The catalog of a shard: its documents, segments, lemmas and forms, in one SQLite file a person can open."""
