"""Locks that the kernel holds for an open file, and lets go when the process dies: taken at once, or not at all.

A lock belongs to the open file, which a forked child has as well. It would stay for as long as the child has the file;
so it is let go of by name, and only by the process that took it: a child must not take its parent's lock away.
"""

from __future__ import annotations

import errno
import fcntl
import os

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})


class KernelLock:
    """An open file that can be locked.

    Args:
        descriptor: of the file; it is closed with the lock.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._owner = os.getpid()

    def take(self, *, shared: bool = False) -> None:
        """Locks the file, for this process alone, or together with others that want it so.

        Raises:
            BlockingIOError: another holds it.
            OSError: the file system has no locks, and says what to do.
        """
        try:
            fcntl.flock(self.descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            raise OSError(error.errno, "this file system has no locks; put the index on a local disk") from error

    def let_go(self) -> None:
        """Unlocks the file, if this process has locked it, and closes it."""
        try:
            if os.getpid() == self._owner:
                fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        except OSError:
            pass  # nothing was locked where there are no locks
        finally:
            os.close(self.descriptor)
