"""Learns a head from labelled uses."""

from ctxsearch.learning.train import TrainingReport, train_head

__all__ = ["TrainingReport", "train_head"]
