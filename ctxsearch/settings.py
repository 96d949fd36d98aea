"""Everything that makes a vector of an index what it is, and ``ctxsearch.json``, where it is kept.

The file is written once, when an index is created, and never changes: a vector made with other settings must not
come beside those that are there.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ctxsearch.digests import json_bytes
from ctxsearch.errors import FormatTooNew, IndexDamaged, IndexNotFound, SettingsMismatch
from ctxsearch.hindrance import reading
from ctxsearch.storage import plain_size, put_bytes_if_absent

SETTINGS_FILE = "ctxsearch.json"
HEAD_FILE = "head.safetensors"
"""The copy of its head that lies in the folder of an index."""
SENSES_FILE = "senses.sqlite"
"""What people did with an index: their senses, labels and notes."""
FORMAT_VERSION = 4
"""The newest version that there is, which new indexes have; this ctxsearch reads, and adds to, every one up to it.

1: the model's digest is of all JSON and text files in its folder; commits do not tell the digest of the settings.
2: the model's digest is of the files that make a vector what it is.
3: as 2, with codecs that a ctxsearch of format 2 does not know, or a head; an index without was still of format 2.
4: words may have tags, and lemmas and tokens that their source gave.
"""
GIVEN_SINCE = 4
"""The first format version that keeps what a source says of its tokens."""

CHOICES = {"codec": ("fp16", "sq8", "sq6", "sq4"), "pooling": ("mean", "first", "last")}
_LONGEST = 1 << 20
# Annotations are strings here.
_TYPES = {"str": str, "int": int, "bool": bool}
DTYPES = ("bf16", "fp16", "fp32")
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,3})?")
# That of a model; an encoder of one's own may have any.
_MODEL_DIGEST = re.compile("[0-9a-f]{64}")
# Left out of the file where there is no head, so that an older ctxsearch can read it.
_HEAD_FIELDS = ("head", "head_digest")
DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_LAYERS = "last"
DEFAULT_POOLING = "mean"
# The smallest with a recall@10 of .98 (see README): of many components each may be kept more coarsely.
CODEC_OF_HEAD = "sq8"
CODEC_WITHOUT_HEAD = "sq6"
# Vectors of another's making may have few components that are not 0, and ranges trained on some cut off the rest.
CODEC_OF_OWN_ENCODER = "fp16"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an index was made with.

    Attributes:
        model: the model's name, or the folder it was loaded from.
        model_digest: SHA-256 of its weights, configuration and tokenizer.
        layers: which layers are joined, and how: ``last``, ``sum:9-12``, ``mean:1,6``, ``concat:3-6``.
        pooling: how the pieces of a word become one vector: ``mean``, ``first`` or ``last``.
        window: pieces that the model sees at once, its own special ones included.
        dimension: components of a vector.
        language: what sentences and lemmas are cut by.
        punctuation: whether punctuation marks are occurrences.
        codec: how vectors are kept: ``fp16``, ``sq8``, ``sq6`` or ``sq4``.
        format_version: of the index's files.
        head: the name of the head that makes the model's vectors into those of the index; empty where there is none.
        head_digest: SHA-256 of its file, which is in the index's folder.
    """

    model: str
    model_digest: str
    layers: str
    pooling: str
    window: int
    dimension: int
    language: str
    punctuation: bool
    codec: str
    format_version: int
    head: str = ""
    head_digest: str = ""

    @property
    def has_own_encoder(self) -> bool:
        """Whether it was made with an encoder of somebody's own, for which there is no model to look."""
        return not _MODEL_DIGEST.fullmatch(self.model_digest)

    def check_asked(self, path: Path, **asked: object) -> None:
        """Compares settings that a user asked for (None where not) with those of the index.

        Raises:
            SettingsMismatch: one of them differs.
        """
        for name, value in asked.items():
            if value is not None and value != getattr(self, name):
                raise SettingsMismatch(str(path), name.replace("_", " "), getattr(self, name), value)

    def check_head(self, path: Path, name: str, digest: str) -> None:
        """Compares a head that a user asked for with the index's.

        Args:
            path: the index.
            name: of the head; empty where none was asked for.
            digest: of its file; likewise.

        Raises:
            SettingsMismatch: it is another.
        """
        if digest != self.head_digest:
            one, other = (
                f"{head} ({sha[:12]})" if sha else "none"
                for head, sha in ((self.head, self.head_digest), (name, digest))
            )
            raise SettingsMismatch(str(path), "head", one, other)


def write_settings(folder: Path, settings: Settings) -> str:
    """Writes ``ctxsearch.json`` into a new index, and returns its text.

    Raises:
        FileExistsError: there is one.
    """
    fields_kept = {name: value for name, value in asdict(settings).items() if value != "" or name not in _HEAD_FIELDS}
    content = json_bytes(fields_kept)
    put_bytes_if_absent(folder / SETTINGS_FILE, content)
    return content.decode()


def read_settings(folder: Path, known_indexes: tuple[str, ...] = ()) -> tuple[Settings, str]:
    """Reads ``ctxsearch.json``, and returns its text as well.

    Raises:
        IndexNotFound: there is none.
        IndexDamaged: it cannot be read.
        OSError: this process is kept from it.
        FormatTooNew: a newer ctxsearch made the index.
    """
    path = folder / SETTINGS_FILE
    with reading(path, UnicodeDecodeError):
        try:
            size = plain_size(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise IndexNotFound(str(folder), known_indexes) from error
        if size > _LONGEST:
            raise IndexDamaged(str(path), f"it has more than {_LONGEST:,} bytes")
        text = path.read_bytes().decode()
    return parse_settings(text, path), text


def parse_settings(text: str, path: Path) -> Settings:
    """The settings in the text of ``ctxsearch.json``.

    Args:
        text: from the file, or from a commit.
        path: the file, for errors.

    Raises:
        IndexDamaged: they are none.
        FormatTooNew: a newer ctxsearch wrote them.
    """
    try:
        content = json.loads(text)
        version = content["format_version"]
        if type(version) is not int or version < 1:
            raise ValueError(f"format version {version!r}")
        if version > FORMAT_VERSION:
            raise FormatTooNew(str(path.parent), version, FORMAT_VERSION)
        settings = Settings(**content)
        wrong = wrong_settings(settings)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, FormatTooNew):
            raise
        raise IndexDamaged(str(path), f"it cannot be read ({error})") from error
    if wrong:
        raise IndexDamaged(str(path), f"its {', '.join(wrong)} cannot be")
    return settings


def wrong_settings(settings: Settings) -> list[str]:
    """The names of settings that no index can have."""
    wrong = [
        field.name for field in fields(settings) if type(getattr(settings, field.name)) is not _TYPES[str(field.type)]
    ]
    wrong += [name for name, choices in CHOICES.items() if getattr(settings, name) not in choices]
    if "dimension" not in wrong and not 0 < settings.dimension < 1 << 20:
        wrong.append("dimension")
    return wrong


def check_hardware(device: str | None, dtype: str | None) -> None:
    """Whether there can be such a device and type; what is really there is seen where they are used.

    Raises:
        ValueError: there can be none.
    """
    if device is not None and not (isinstance(device, str) and _DEVICE.fullmatch(device)):
        raise ValueError(f"There is no device {device!r}; use auto, cpu, cuda, cuda:1 or mps.")
    if dtype is not None and dtype not in DTYPES:
        raise ValueError(f"There is no type {dtype!r}; use {', '.join(DTYPES)}.")
