"""Evaluates a model: how well its vectors tell the senses of words apart, on labelled uses."""

from ctxsearch.evaluating.evaluation import Evaluation
from ctxsearch.evaluating.model import DEFAULT_PER_LEMMA, DEFAULT_ROUNDS, evaluate, evaluate_layers, layers_to_sweep

__all__ = [
    "DEFAULT_PER_LEMMA",
    "DEFAULT_ROUNDS",
    "Evaluation",
    "evaluate",
    "evaluate_layers",
    "layers_to_sweep",
]
