"""A sense inventory of one's own, and what it tells of the occurrences of a word.

senses       the public face: how words are used in each sense, and in senses that nobody has noted
asking       which sense a use has
keeping      makes senses, and tells what there is of them
arranging    changes those that there are, and undoes
labelling    says which occurrence has which sense, also as a table has it
evidence     the vectors of what has been labelled
telling      which sense a use has, from a few examples of each
induction    groups of uses that are likely to have one sense
groups       which uses these are
labelled     labels as uses to learn from
written      texts and sentences of senses, as people give them
importing    dictionaries
headwords    those of a dictionary, and which of them are imported
assigned     every occurrence with its sense, and what that adds up to
frequency    how often each sense is, of all these and of some
uses         these occurrences, whose lines are read when they are wanted
agreement    how far people's labels agree
located      where the occurrences are that people labelled
displaced    labels that stand elsewhere since documents were replaced
subcorpora   parts of the corpus that have a name
change       words that are used otherwise in one part of the corpus than in another
chance       how differently two parts are spread over groups, beside how they would be by chance
"""

from __future__ import annotations

from ctxsearch.sense import NONE_OF_THESE, UNSURE
from ctxsearch.senses.agreement import Agreement, Disagreement
from ctxsearch.senses.asking import Looked, SenseFit
from ctxsearch.senses.assigned import Assigned
from ctxsearch.senses.frequency import SenseFrequency
from ctxsearch.senses.induction import Group, Induced
from ctxsearch.senses.senses import Senses, Unaccounted
from ctxsearch.senses.uses import Assignment, Uses

__all__ = [
    "NONE_OF_THESE",
    "UNSURE",
    "Agreement",
    "Assigned",
    "Assignment",
    "Disagreement",
    "Group",
    "Induced",
    "Looked",
    "SenseFit",
    "SenseFrequency",
    "Senses",
    "Unaccounted",
    "Uses",
]
