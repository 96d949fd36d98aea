"""A path that leads to the same place after the working directory has changed."""

from __future__ import annotations

from pathlib import Path


class LastingPath:
    """Where something is, as long as it is used.

    Args:
        given: by a user, to whom it is shown so.
    """

    def __init__(self, given: Path) -> None:
        self.given = given
        self.absolute = given.absolute()

    @property
    def path(self) -> Path:
        """The path that was given while it leads there, and the absolute one once it does not."""
        if self.given.is_absolute():
            return self.given
        try:
            leads_there = self.given.absolute() == self.absolute
        except FileNotFoundError:  # the working directory is gone
            leads_there = False
        return self.given if leads_there else self.absolute
