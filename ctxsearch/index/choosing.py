"""What a new index is made with: what a user leaves open is filled in, and what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ctxsearch.index.model import load_encoder
from ctxsearch.index.own_encoder import OwnEncoder, refuse_options_of_models
from ctxsearch.settings import (
    CHOICES,
    CODEC_OF_HEAD,
    CODEC_OF_OWN_ENCODER,
    CODEC_WITHOUT_HEAD,
    DEFAULT_LAYERS,
    DEFAULT_MODEL,
    DEFAULT_POOLING,
    FORMAT_VERSION,
    Settings,
    check_hardware,
    wrong_settings,
)

if TYPE_CHECKING:
    from ctxsearch.protocols import Encoder

DEFAULT_WINDOW = 128


class Chosen(NamedTuple):
    """What an index is made with.

    Attributes:
        settings: all of them.
        encoder: what gives its vectors.
        head: the content of its head's file; None where it has none.
    """

    settings: Settings
    encoder: Encoder
    head: bytes | None


def chosen(
    *,
    model: str | None,
    layers: str | None,
    pooling: str | None,
    head: str | Path | None,
    window: int,
    language: str,
    punctuation: bool,
    codec: str | None,
    device: str | None,
    dtype: str | None,
    encoder: Encoder | None,
) -> Chosen:
    """What an index is made with that is asked for so; the options, and what is raised, are those of `Index.create`."""
    from ctxsearch.analysis import Analyser, check_code
    from ctxsearch.encoder.choice import Choice, choose
    from ctxsearch.head import NO_HEAD

    for name, value in (("codec", codec), ("pooling", pooling)):
        if value is not None and value not in CHOICES[name]:
            raise ValueError(f"There is no {name} {value!r}; use {', '.join(CHOICES[name])}.")
    check_code(language)
    analyser = Analyser(language, punctuation=punctuation)
    check_hardware(device, dtype)
    if model is None:
        model = DEFAULT_MODEL if encoder is None else type(encoder).__qualname__
    if encoder is None:
        choice = choose(model, head=head, layers=layers, pooling=pooling)
        codec = codec or (CODEC_OF_HEAD if choice.head else CODEC_WITHOUT_HEAD)
    else:
        if not isinstance(model, str | Path):
            raise ValueError(f"What the model of an encoder is called is a string, and {model!r:.80} is none.")
        refuse_options_of_models(
            layers=layers,
            pooling=pooling,
            head=None if head == NO_HEAD else head,
            window=None if window == DEFAULT_WINDOW else window,
            dtype=dtype,
            device=device,
        )
        choice = Choice(DEFAULT_LAYERS, DEFAULT_POOLING, None)
        codec = codec or CODEC_OF_OWN_ENCODER
    settings = Settings(
        model=str(Path(model).resolve()) if model and Path(model).is_dir() else model,
        model_digest="",
        layers=choice.layers,
        pooling=choice.pooling,
        window=int(window) if isinstance(window, Integral) else window,
        dimension=0,
        language=analyser.language,
        punctuation=punctuation,
        codec=codec,
        format_version=FORMAT_VERSION,
        head=choice.head.name if choice.head else "",
        head_digest=choice.head.digest if choice.head else "",
    )
    hardware = {"device": device, "dtype": dtype}
    made = OwnEncoder(encoder) if encoder is not None else load_encoder(settings, hardware, choice.head)
    settings = replace(settings, model_digest=made.digest, dimension=made.dimension)
    if wrong := wrong_settings(settings):
        raise ValueError(f"An index cannot have the {wrong[0]} {getattr(settings, wrong[0])!r}.")
    return Chosen(settings, made, choice.chosen.content if choice.chosen else None)
