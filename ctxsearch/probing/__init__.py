"""Probes a model: how well its vectors, as a whole or layer by layer, tell senses apart on labelled uses."""

from ctxsearch.probing.evaluation import Evaluation
from ctxsearch.probing.model import DEFAULT_PER_LEMMA, DEFAULT_ROUNDS, evaluate, evaluate_layers, layers_to_sweep

__all__ = [
    "DEFAULT_PER_LEMMA",
    "DEFAULT_ROUNDS",
    "Evaluation",
    "evaluate",
    "evaluate_layers",
    "layers_to_sweep",
]
