"""A small corpus query language: ``[lemma="bank" & pos="NOUN"] []{0,2} [lemma="river"]``.

It is the part of CQL that most corpus tools share (O. Christ 1994, A modular and flexible architecture for an
integrated corpus query system): a sequence of tokens of one sentence.

- A token is ``[]``, any; ``[CONDITION]``; or ``"REGEX"``, which is ``[word="REGEX"]``.
- A condition compares ``word`` (or ``form``), ``lemma`` or ``pos`` (or ``tag``) with a regular expression that has to
  match the whole: ``=``, ``!=``, joined by ``&``, ``|``, ``!`` and brackets. ``%c`` after an expression ignores case;
  lemmas are compared without regard to it. In a word without signs of an expression nothing hidden counts, such as soft
  hyphens, nor which apostrophe it is.
- A token may be repeated: ``?``, ``*``, ``+``, ``{2}``, ``{0,3}``, ``{2,}``.
- ``@`` before a token makes it the node.
"""

from __future__ import annotations

from collections.abc import Callable

import regex

from ctxsearch.analysis import normal_form, surface_form, visible_form
from ctxsearch.errors import QueryError
from ctxsearch.expressions import UnreadableExpression, is_whole_match, read_expression
from ctxsearch.query.pattern import Condition, Element, Pattern, Wanted

_ATTRIBUTES = {"word": "word", "form": "word", "lemma": "lemma", "pos": "tag", "tag": "tag"}
_LITERAL = regex.compile(r"[\w\s\p{Cf}'\u2019\uff07\-\u2010\u2011]*")
_ESCAPED = regex.compile(r"(\\.)", regex.DOTALL)
_REPEATED = regex.compile(r"\{\s*([0-9]{1,4})\s*(?:(,)\s*([0-9]{1,4})?\s*)?\}")
_NAME = regex.compile(r"[A-Za-z_]+")
_DEEPEST = 40


def parse_cql(text: str) -> Pattern:
    """Reads a pattern.

    >>> pattern = parse_cql('[lemma="bank" & pos="NOUN"] []{0,2} "rivers?"')
    >>> [(one.least, one.most, one.condition is None) for one in pattern.elements]
    [(1, 1, False), (0, 2, True), (1, 1, False)]

    Raises:
        QueryError: it cannot be read; the sentence says where.
    """
    return _Parser(text).pattern()


class _Parser:
    """Reads one pattern, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._tags: list[tuple[str, Condition]] = []

    def pattern(self) -> Pattern:
        """All of it."""
        elements: list[Element] = []
        while self._next():
            if elements and self._takes("within"):
                self._within()
                break
            elements.append(self._element())
        if not any(one.condition is not None for one in elements):
            raise self._error(
                'it says of no token what it is; for instance [lemma="bank"], or [word=".+"] for every word'
            )
        if not any(one.least for one in elements):
            raise self._error("it would match nothing at all, since every token may be missing")
        if sum(one.is_node for one in elements) > 1:
            raise self._error("only one token can be the node, so only one @ can be there")
        return Pattern(self._text, tuple(elements))

    def _within(self) -> None:
        if not (self._takes("<s/>") or self._takes("<s>") or self._takes("s")) or self._next():
            raise self._error("what matches lies within one sentence always, and only 'within <s/>' can be said of it")

    def _element(self) -> Element:
        is_node = self._takes("@")
        self._tags = []
        first = self._next()
        if first == "[":
            self._at += 1
            condition: Condition | None = None
            wanted = None
            if self._next() != "]":
                condition, wanted = self._either()
            self._expect("]", "a token ends with ]")
        elif first in ('"', "'"):
            condition, wanted = self._comparison("word")
        elif first == "(":
            raise self._error("tokens cannot be grouped; write them one after the other")
        elif first == "<":
            raise self._error("structures cannot be asked for; what matches lies within one sentence always")
        else:
            raise self._error('a token is [], [lemma="bank"] or "banks?"')
        least, most = self._repeated()
        if is_node and condition is None and most != 1:
            raise self._error("the node is one token, and cannot be any number of them")
        return Element(condition, wanted, least, most, is_node, tuple(self._tags))

    def _repeated(self) -> tuple[int, int | None]:
        for sign, counts in (("?", (0, 1)), ("*", (0, None)), ("+", (1, None))):
            if self._takes(sign):
                return counts
        if self._next() != "{":
            return 1, 1
        match = _REPEATED.match(self._text, self._at)
        if match is None:
            raise self._error("a number of times is {2}, {0,3} or {2,}")
        least = int(match[1])
        most = least if match[2] is None else None if match[3] is None else int(match[3])
        if most is not None and (most < least or most == 0):
            raise self._error(f"{match[0]} is no number of times")
        self._at = match.end()
        return least, most

    def _either(self) -> tuple[Condition, Wanted | None]:
        conditions = [self._all()]
        while self._takes("|"):
            conditions.append(self._all())
        if len(conditions) == 1:
            return conditions[0]
        some = [condition for condition, _ in conditions]
        return (lambda row: any(one(row) for one in some)), None

    def _all(self) -> tuple[Condition, Wanted | None]:
        conditions = [self._one()]
        while self._takes("&"):
            conditions.append(self._one())
        if len(conditions) == 1:
            return conditions[0]
        every = [condition for condition, _ in conditions]
        # A lemma or a form is rarer than a tag.
        wanted = sorted((one for _, one in conditions if one), key=lambda one: one.attribute == "tag")
        return (lambda row: all(one(row) for one in every)), wanted[0] if wanted else None

    def _one(self) -> tuple[Condition, Wanted | None]:
        if self._takes("!"):
            tags = [*self._tags]
            condition, _ = self._nested(self._one)
            self._tags = tags
            return (lambda row: not condition(row)), None
        if self._takes("("):
            found = self._nested(self._either)
            self._expect(")", "what is opened with ( is closed with )")
            return found
        self._next()
        name = _NAME.match(self._text, self._at)
        if name is None or name[0] not in _ATTRIBUTES:
            raise self._error('a condition is word="...", lemma="..." or pos="..."')
        self._at = name.end()
        negated = self._takes("!=")
        if not negated:
            self._expect("=", "a condition has = or !=")
        if self._next() not in ('"', "'"):
            raise self._error("a value stands in quotation marks")
        tags = [*self._tags]
        condition, wanted = self._comparison(_ATTRIBUTES[name[0]])
        if negated:
            self._tags = tags
        return ((lambda row: not condition(row)), None) if negated else (condition, wanted)

    def _nested(self, read: Callable[[], tuple[Condition, Wanted | None]]) -> tuple[Condition, Wanted | None]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("it is nested too deeply")
        found = read()
        self._depth -= 1
        return found

    def _comparison(self, attribute: str) -> tuple[Condition, Wanted | None]:
        """A quoted expression, with its flag, and what it compares."""
        at = self._at
        quote = self._text[at]
        end = at + 1
        while end < len(self._text) and self._text[end] != quote:
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            raise self._error("this quotation mark is not closed")
        value = self._text[at + 1 : end].replace(f"\\{quote}", quote)
        self._at = end + 1
        ignores_case = self._takes("%c")
        if self._next() == "%":
            raise self._error("the only flag is %c")
        if _LITERAL.fullmatch(value):
            condition, wanted = _equals(attribute, value, ignores_case)
            self._note(attribute, value, condition)
            return condition, wanted
        flags = regex.IGNORECASE if ignores_case or attribute == "lemma" else 0
        try:
            expression = read_expression(value if attribute == "tag" else _composed(value), flags)
        except UnreadableExpression as error:
            self._at = at
            raise self._error(str(error)) from error
        condition = _matches(attribute, expression)
        self._note(attribute, value, condition)
        return condition, None

    def _note(self, attribute: str, value: str, condition: Condition) -> None:
        if attribute == "tag":
            self._tags.append((value, condition))

    def _next(self) -> str:
        """The next character that is no blank; empty at the end."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._text[self._at : self._at + 1]

    def _takes(self, word: str) -> bool:
        self._next()
        if self._text.startswith(word, self._at):
            self._at += len(word)
            return True
        return False

    def _expect(self, word: str, why: str) -> None:
        if not self._takes(word):
            raise self._error(why)

    def _error(self, why: str) -> QueryError:
        return QueryError(f"The pattern {self._text!r} cannot be read at character {self._at + 1}: {why}.")


def _equals(attribute: str, value: str, ignores_case: bool) -> tuple[Condition, Wanted | None]:
    if attribute == "lemma":
        lemma = normal_form(value)
        return (lambda row: row.lemma == lemma), Wanted("lemma", lemma)
    if attribute == "word" and ignores_case:
        folded = normal_form(value)
        return (lambda row: normal_form(row.form) == folded), Wanted("word", folded)
    if attribute == "word":
        form = visible_form(value)
        return (lambda row: visible_form(row.form) == form), Wanted("word", normal_form(value))
    if ignores_case:
        return (lambda row: row.tag.casefold() == value.casefold()), None
    return (lambda row: row.tag == value), Wanted("tag", value)


def _composed(expression: str) -> str:
    r"""An expression whose letters are spelled as those of forms are; what a backslash stands before is left alone.

    >>> _composed("cafe\u0301?") == "caf\u00e9?", _composed(r"\w" + "\u0301") == r"\w" + "\u0301"
    (True, True)
    """
    return "".join(part if part[:1] == "\\" else surface_form(part) for part in _ESCAPED.split(expression))


def _matches(attribute: str, expression: regex.Pattern[str]) -> Condition:
    if attribute == "word":
        return lambda row: is_whole_match(expression, row.form)
    if attribute == "tag":
        return lambda row: is_whole_match(expression, row.tag)
    return lambda row: (
        is_whole_match(expression, row.lemma) or (row.written != "" and is_whole_match(expression, row.written))
    )
