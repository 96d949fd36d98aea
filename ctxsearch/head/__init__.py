"""Heads: learned maps from what a model gives to vectors that tell senses apart, and the files they are kept in."""

from ctxsearch.head.files import (
    NO_HEAD,
    ChosenHead,
    choose_head,
    content_of,
    has_shipped_head,
    head_content,
    head_of,
    named_head,
    shipped_content,
)
from ctxsearch.head.head import Calibration, Head, LowRank, head_bytes, parse_head

__all__ = [
    "NO_HEAD",
    "Calibration",
    "ChosenHead",
    "Head",
    "LowRank",
    "choose_head",
    "content_of",
    "has_shipped_head",
    "head_bytes",
    "head_content",
    "head_of",
    "named_head",
    "parse_head",
    "shipped_content",
]
