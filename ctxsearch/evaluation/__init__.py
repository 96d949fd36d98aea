"""How well vectors tell the senses of words apart: arrays in, figures out; no model and no file.

uses         the labelled uses that can be measured, in an order of their own
ranking      the uses of a word ranked by their nearness to each of them
examples     senses told by the mean of a few examples
pairs        two uses of a word: one sense or two?
intervals    means over senses and words, and how far chance could have moved them
measures     all of it put together
calibration  what a score means, as a probability
parts        which lemmas are held out of training
"""

from __future__ import annotations

from ctxsearch.evaluation.calibration import Reliability, ReliabilityBin
from ctxsearch.evaluation.intervals import Estimate, Means
from ctxsearch.evaluation.measures import Bucket, Measures, measure

__all__ = ["Bucket", "Estimate", "Means", "Measures", "Reliability", "ReliabilityBin", "measure"]
