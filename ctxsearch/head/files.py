"""Which head an index is made with, and how it is found again: a copy of it lies in the index's folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ctxsearch.digests import digest_bytes
from ctxsearch.errors import HeadError, IndexDamaged
from ctxsearch.head.head import Head, parse_head
from ctxsearch.hindrance import reading
from ctxsearch.paths import expanded_path_of
from ctxsearch.storage import plain_size

NO_HEAD = "none"
"""What a user gives in the place of a head who wants the model's own vectors."""

_SHIPPED = Path(__file__).parent / "shipped"
LARGEST = 64 << 20
"""A head has so many bytes at most."""


class ChosenHead(NamedTuple):
    """A head with the bytes of its file."""

    head: Head
    content: bytes


def choose_head(asked: str | None, model_digest: str, layers: str | None, pooling: str | None) -> ChosenHead | None:
    """The head for a new index; None where it is to have none.

    Args:
        asked: a file, or ``none``; where None, the head that comes with ctxsearch for this model, if there is one and
            neither layers nor pooling are asked for.
        model_digest: of the model.
        layers: that are asked for.
        pooling: that is asked for.

    Raises:
        HeadError: it cannot be read, or is for another model.
        ValueError: layers or pooling are asked for as well, and are not the head's.
    """
    if asked == NO_HEAD:
        return None
    if asked is None:
        if layers is not None or pooling is not None:
            return None
        shipped = [_read(path) for path in reversed(_shipped_files())]
        return next((one for one in shipped if one.head.model_digest == model_digest), None)
    one = _read(expanded_path_of(asked))
    if one.head.model_digest != model_digest:
        found, wanted = one.head.model_digest[:12], model_digest[:12]
        raise HeadError(asked, f"it was made for another model ({found}, not {wanted})")
    if layers not in (None, one.head.layers) or pooling not in (None, "mean"):
        raise ValueError(
            f"The head {asked} goes with layers {one.head.layers} and pooling mean; leave `layers=` and `pooling=` out,"
            f' or give `head="{NO_HEAD}"`.'
        )
    return one


def has_shipped_head(model_digest: str) -> bool:
    """Whether a head comes with ctxsearch for a model."""
    return any(_read(path).head.model_digest == model_digest for path in _shipped_files())


def named_head(asked: str) -> tuple[str, str]:
    """The name and digest that an index made with such a head has; both are empty for ``none``.

    Raises:
        HeadError: the file is no head.
    """
    if asked == NO_HEAD:
        return "", ""
    head = _read(expanded_path_of(asked)).head
    return head.name, head.digest


def head_of(path: Path, name: str, digest: str) -> Head:
    """The head of an index, from its folder, or from those that come with ctxsearch.

    Args:
        path: its file in the index's folder.
        name: of the head.
        digest: of its file.

    Raises:
        IndexDamaged: it is missing or is not what it was, and does not come with ctxsearch.
    """
    try:
        return parse_head(content_of(path, digest), Path(name))
    except HeadError as error:
        raise IndexDamaged(str(path), error.why) from error


def content_of(path: Path, digest: str) -> bytes:
    """The bytes of an index's head, from its folder, or from those that come with ctxsearch.

    Raises:
        IndexDamaged: it is missing or is not what it was, and does not come with ctxsearch.
    """
    try:
        return head_content(path, digest)
    except IndexDamaged:
        found = shipped_content(digest)
        if found is None:
            raise
        return found


def head_content(path: Path, digest: str) -> bytes:
    """The bytes of the file in an index's folder, checked.

    Raises:
        IndexDamaged: it is missing, or is not what it was.
        OSError: this process is kept from it.
    """
    with reading(path):
        if plain_size(path) > LARGEST:
            raise IndexDamaged(str(path), f"it has more than {LARGEST:,} bytes")
        content = path.read_bytes()
    if digest_bytes(content) != digest:
        raise IndexDamaged(str(path), "it is not what it was when the index was made")
    return content


def shipped_content(digest: str) -> bytes | None:
    """The bytes of the head that comes with ctxsearch and has this digest; None where there is none."""
    contents = (path.read_bytes() for path in _shipped_files())
    return next((content for content in contents if digest_bytes(content) == digest), None)


def _shipped_files() -> list[Path]:
    """The heads that come with ctxsearch, oldest first; once shipped, one stays for the indexes made with it."""
    return sorted(_SHIPPED.glob("*.safetensors"))


def _read(path: Path) -> ChosenHead:
    try:
        size = path.stat().st_size
        if not path.is_file() or size > LARGEST:
            raise HeadError(str(path), f"it is no plain file of at most {LARGEST:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise HeadError(str(path), f"it cannot be read ({error.strerror or error})") from error
    return ChosenHead(parse_head(content, path), content)
