"""A sense inventory of one's own, and what it tells of the occurrences of a word.

senses       the public face: asks an inventory
keeping      makes and changes it
evidence     the vectors of what has been labelled
telling      which sense a use has, from a few examples of each
assigned     every occurrence with its sense, and what that adds up to
agreement    how far people's labels agree
"""

from __future__ import annotations

from ctxsearch.senses.agreement import Agreement, Disagreement
from ctxsearch.senses.assigned import NONE_OF_THESE, UNSURE, Assigned, Assignment, SenseFrequency
from ctxsearch.senses.senses import Looked, SenseFit, Senses

__all__ = [
    "NONE_OF_THESE",
    "UNSURE",
    "Agreement",
    "Assigned",
    "Assignment",
    "Disagreement",
    "Looked",
    "SenseFit",
    "SenseFrequency",
    "Senses",
]
