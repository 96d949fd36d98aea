"""Everything that ctxsearch raises on purpose.

    CtxSearchError
    ├── IndexNotFound (FileNotFoundError)      no index at this path
    ├── IndexExists (FileExistsError)          an index is there already
    ├── IndexRemade (FileNotFoundError)        another index has come in the place of an open one
    ├── IndexLocked (BlockingIOError)          another process, or thread, is writing
    ├── IndexDamaged (ValueError)              a file of the index is not what the commit says
    ├── FormatTooNew (ValueError)              written by a newer ctxsearch
    ├── SettingsMismatch (ValueError)          the index was made with other settings
    ├── SourceError (ValueError)               a source file or record cannot be read
    ├── ModelError (ValueError)                a model cannot be found or used
    ├── HeadError (ValueError)                 a head cannot be read, or is for another model
    ├── DeviceError (ValueError)               a GPU is not there, too small, or needs something else installed
    ├── QueryError (ValueError)                a query that cannot be understood
    │   ├── WordNotFound (LookupError)         the corpus does not have this word
    │   ├── LemmaNotFound (LookupError)        it has the word, and no lemma of this name
    │   ├── FormNotFound (LookupError)         the word is not written so
    │   └── TagNotFound (LookupError)          the word has no such part of speech
    ├── KeyNotFound (LookupError)              no such occurrence
    ├── DocumentNotFound (LookupError)         no such document
    ├── SenseError (ValueError)                a sense inventory cannot be changed so
    │   ├── SenseNotFound (LookupError)        it has no such sense
    │   └── NothingShows (LookupError)         a word has no sense that a line or a sentence shows
    ├── BackupError (ValueError)               a backup that cannot be made or brought back
    ├── ExportError (ValueError)               a file that cannot be written for other programs
    └── MissingExtra (ImportError)             an optional dependency is not installed

Every message is a whole sentence that says what to do next; the facts it is made of are attributes. It names arguments
as `ctxsearch.naming` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class CtxSearchError(Exception):
    """The root of every error that ctxsearch raises on purpose.

    Its sentence and its facts come whole out of another process, see `multiprocessing`.
    """

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: type[CtxSearchError], arguments: tuple[object, ...]) -> CtxSearchError:
    """An error with its sentence; its own ``__init__``, which makes that of the facts, is passed over."""
    error = kind.__new__(kind, *arguments)
    super(CtxSearchError, error).__init__(*arguments)
    return error


class IndexNotFound(CtxSearchError, FileNotFoundError):
    """There is no index at this path."""

    def __init__(self, path: str, known: Sequence[str] = ()) -> None:
        self.path = path
        self.known = tuple(known)
        have = f"; indexes found: {', '.join(self.known)}. Make" if self.known else "; make"
        super().__init__(f"There is no index at {path}{have} one with: ctxsearch index {path} SOURCE.")


class IndexExists(CtxSearchError, FileExistsError):
    """An index is there already."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"There is an index at {path} already; open it to add to it, or choose another name.")


class IndexRemade(CtxSearchError, FileNotFoundError):
    """Another index has come in the place of one that is open."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"The index at {path} has been made anew, or repaired, since it was opened here; open it again."
        )


class IndexLocked(CtxSearchError, BlockingIOError):
    """Somebody else is writing to the index: another process, or another thread of this one."""

    def __init__(self, path: str, holder: str = "another process or thread") -> None:
        self.path = path
        self.holder = holder
        super().__init__(f"{path} is being written by {holder}; wait for it to end, then try again.")


class IndexDamaged(CtxSearchError, ValueError):
    """A file of the index is missing, or is not what the commit says."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"{path} is damaged: {why}. Run 'ctxsearch verify' on the index: it tells how to mend it.")


class FormatTooNew(CtxSearchError, ValueError):
    """The index was written by a newer ctxsearch."""

    def __init__(self, path: str, found: int, known: int) -> None:
        self.path = path
        self.found = found
        self.known = known
        super().__init__(
            f"{path} has format version {found}, and this ctxsearch reads up to {known}; install a newer ctxsearch."
        )


class SettingsMismatch(CtxSearchError, ValueError):
    """The index was made with other settings than those asked for."""

    def __init__(self, path: str, setting: str, index_has: object, asked: object) -> None:
        self.path = path
        self.setting = setting
        self.index_has = index_has
        self.asked = asked
        super().__init__(
            f"{path} was made with {setting} {index_has}, not {asked}; leave the option out, or make a new index."
        )


class SourceError(CtxSearchError, ValueError):
    """A source file, or a record in it, cannot be read."""

    def __init__(self, path: str, why: str, *, line: int | None = None, hint: str = "") -> None:
        self.path = path
        self.line = line
        self.why = why
        self.hint = hint
        where = f"{path}, line {line}" if line is not None else path
        super().__init__(f"{where}: {why}.{' ' + hint if hint else ''}")


class ModelError(CtxSearchError, ValueError):
    """A model cannot be found or cannot be used."""

    def __init__(self, model: str, why: str) -> None:
        self.model = model
        self.why = why
        super().__init__(f"The model {model} cannot be used: {why}")


class HeadError(CtxSearchError, ValueError):
    """A head cannot be read, or does not fit what it is used with."""

    def __init__(self, head: str, why: str) -> None:
        self.head = head
        self.why = why
        super().__init__(f"The head {head} cannot be used: {why}; train one with: ctxsearch train-head, or give none.")


class DeviceError(CtxSearchError, ValueError):
    """The index cannot be searched on the device that was asked for."""


class QueryError(CtxSearchError, ValueError):
    """A query that cannot be understood.

    Attributes:
        usage_number: which of several usages it was, counted from 0; None where there is but one.
    """

    usage_number: int | None = None


class WordNotFound(QueryError, LookupError):
    """The corpus does not have this word.

    Attributes:
        word: as it was asked for.
        nearest: lemmas that are written like it.
        part_of: lemmas of tokens that a source joined of it and others, ``zu+der``, with how these are written.
        cut: the words of the corpus that it is cut into; empty where it is one.
    """

    def __init__(
        self,
        word: str,
        nearest: Sequence[str] = (),
        *,
        part_of: Mapping[str, Sequence[str]] | None = None,
        cut: Sequence[str] = (),
    ) -> None:
        self.word = word
        self.nearest = tuple(nearest)
        self.part_of = dict(part_of or {})
        self.cut = tuple(cut)
        offer = f" Nearest: {', '.join(self.nearest)}." if self.nearest else ""
        if self.part_of:
            tokens = "; ".join(f"{', '.join(forms)} ({lemma})" for lemma, forms in self.part_of.items())
            offer += f" It is a part of: {tokens}."
        words = word.split()
        if len(words) > 1:
            offer += " Ask for one word at a time"
            if all(one.replace("-", "").isalnum() for one in words):
                offer += f"; lines with a row of words are found by {_row_of(words)}"
            offer += "."
        elif self.cut:
            offer += f" It is {len(self.cut)} words here; lines with them in a row are found by {_row_of(self.cut)}."
        super().__init__(f"The corpus does not have the word {word!r}.{offer}")


def _row_of(words: Sequence[str]) -> str:
    """What finds a row of words."""
    row = " ".join(f'"{word}"' for word in words)
    return f"concordance with `cql={row!r}`"


class LemmaNotFound(QueryError, LookupError):
    """No word of the corpus has this lemma; it is a form of others."""

    def __init__(self, lemma: str, lemmas: Sequence[str]) -> None:
        self.lemma = lemma
        self.lemmas = tuple(lemmas)
        of = " and ".join(repr(one) for one in self.lemmas)
        super().__init__(
            f"No word has the lemma {lemma!r}, which is a form of {of}; ask for that lemma, or for the form."
        )


class FormNotFound(QueryError, LookupError):
    """The corpus has the word, and never written so."""

    def __init__(self, word: str, form: str, forms: Sequence[str]) -> None:
        self.word = word
        self.form = form
        self.forms = tuple(forms)
        more = ", ..." if len(self.forms) > 10 else ""
        super().__init__(f"{word!r} is never written {form!r}; it is written {', '.join(self.forms[:10])}{more}.")


class TagNotFound(QueryError, LookupError):
    """The corpus has the word, and never as this part of speech."""

    def __init__(self, word: str, tag: str, tags: Sequence[str]) -> None:
        self.word = word
        self.tag = tag
        self.tags = tuple(tags)
        have = f"it is {', '.join(self.tags)}" if tags else "the sources of the corpus gave it no part of speech"
        super().__init__(f"{word!r} is never {tag!r}; {have}.")


class KeyNotFound(CtxSearchError, LookupError):
    """No such occurrence in the index."""

    def __init__(self, key: str, why: str) -> None:
        self.key = key
        self.why = why
        super().__init__(f"There is no occurrence {key!r}: {why}. A key is DOCUMENT_ID:START, as query prints it.")


class DocumentNotFound(CtxSearchError, LookupError):
    """No such documents in the index, as far as it can be read."""

    def __init__(self, document_ids: Sequence[str], damaged: Sequence[str] = (), *, so: str = "") -> None:
        self.document_ids = tuple(document_ids)
        self.damaged = tuple(damaged)
        shown = ", ".join(repr(document_id) for document_id in self.document_ids[:5])
        more = f" and {len(self.document_ids) - 5:,} more" if len(self.document_ids) > 5 else ""
        where = f", unless it is in {', '.join(self.damaged)}, which cannot be read" if self.damaged else ""
        how = " To repair that first: ctxsearch index INDEX SOURCE --repair." if self.damaged else ""
        super().__init__(f"The index has no document {shown}{more}{where}{so}.{how}")


class SenseError(CtxSearchError, ValueError):
    """A sense inventory cannot be changed in such a way."""


class NothingShows(SenseError, LookupError):
    """A word has no sense that a labelled line or a sentence shows."""


class SenseNotFound(SenseError, LookupError):
    """The inventory has no such sense."""

    def __init__(self, sense_id: str, known: Sequence[str] = ()) -> None:
        self.sense_id = sense_id
        self.known = tuple(known)
        shown = ", ".join(self.known[:10]) + (", ..." if len(self.known) > 10 else "")
        have = f"there are: {shown}" if self.known else "there is none yet"
        super().__init__(f"There is no sense {sense_id!r}; {have}. Make one with: ctxsearch senses new.")


class BackupError(CtxSearchError, ValueError):
    """A backup that cannot be made, or cannot be brought back."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"{path}: {why}.")


class ExportError(CtxSearchError, ValueError):
    """A file for other programs that cannot be written."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"{path}: {why}.")


class MissingExtra(CtxSearchError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"{package} is not installed; install it with: pip install 'ctxsearch[{extra}]'.")
