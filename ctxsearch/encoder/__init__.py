"""The encoder: a BERT-like model that turns words in context into vectors. The only door to torch."""
