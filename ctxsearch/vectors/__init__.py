"""The vectors of a shard: its files, its codecs, and two ways to search it (FAISS, and numpy as the reference)."""
