"""Answers queries: which rows of which shards, and the concordance lines they stand for.

What is asked:
options       what a query is asked with besides its word
asked         the word that a usage marks, and its vector
several       arguments that are one string or several
cql           a small corpus query language
pattern       patterns of tokens: what it reads
nearby        filters on the words beside an occurrence
conditions    conditions on the metadata that no document meets

Where it is looked for:
opening       the shards that a commit names
scope         the rows of a word in every shard, and the documents that pass filters
filing        the lemmas that a form is filed under
spelling      what ß and ss have to do with each other
words         the rows of a word that is asked for, with its forms and tags
missing       what is told of a word that the corpus does not have

What is found:
found         occurrences: which rows of which shards
finding       those with some keys
concordance   all of a word: drawn, sorted
similarity    those in a similar sense
ranking       which of them answer, in which order
narrowing     which rows of a very frequent word are worth a scan
matching      those of a pattern of tokens
placing       rows as their places and ids, and as stretches again
vectors       their vectors

How it is shown:
lines         rows as concordance lines
shaping       which lines are shown, in which order
orders        what lines are sorted by under each name
leading       which of them can be the first, told without making their lines
collation     the order of texts
columns       what occurrences are counted and sorted by
citation      how the headword of a lemma is written
sentences     sentences read many at a time
texts         documents as they were read

What it adds up to:
grouping      how many have what in common
beside        the places beside occurrences, each once
collocations  which words stand there more often than chance would have it
names         what words count as where they are counted
goodness      how good an example a sentence is
examples      the best examples
description   what an index holds
"""
