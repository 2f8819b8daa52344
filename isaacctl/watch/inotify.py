"""The kernel's word that something has changed in a folder (inotify(7)), through the C library; Linux only."""

import ctypes
import errno
import os
import struct

_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED, _CREATE, _DELETE = 0xC0, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _UNMOUNT = 0x400, 0x800, 0x2000
_OVERFLOW, _IGNORED, _ONLYDIR, _ISDIR = 0x4000, 0x8000, 0x1000000, 0x40000000
_MASK = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
_TREE = _ISDIR | _OVERFLOW | _IGNORED | _DELETE_SELF | _MOVE_SELF | _UNMOUNT
_HEAD = struct.Struct("iIII")
_BUFFER_BYTES = 256 * 1024


class Unavailable(Exception):
    """This system has no inotify, or no more of it to give."""


class Inotify:
    """Watches folders; `descriptor` can be read when something has happened."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(None, use_errno=True)
            self.descriptor: int = self._library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError) as error:
            raise Unavailable("this system has no inotify") from error
        if self.descriptor < 0:
            raise Unavailable(os.strerror(ctypes.get_errno()))
        self._folders: dict[int, str] = {}
        self._numbers: dict[str, int] = {}

    def watch(self, folders: "set[str]") -> None:
        """Watch exactly these folders; raises Unavailable when there is no room for so many."""
        for folder in [known for known in self._numbers if known not in folders]:
            number = self._numbers.pop(folder)
            if self._folders.get(number) == folder:
                del self._folders[number]
                self._library.inotify_rm_watch(self.descriptor, number)
        for folder in folders:
            if folder not in self._numbers:
                self._add(folder)

    def _add(self, folder: str) -> None:
        path = os.fsencode(folder or ".")
        number = self._library.inotify_add_watch(self.descriptor, path, ctypes.c_uint32(_MASK))
        if number >= 0:
            self._numbers[folder] = number
            self._folders[number] = folder
            return
        reason = ctypes.get_errno()
        if reason in (errno.ENOSPC, errno.ENOMEM):
            raise Unavailable("too many folders for inotify (fs.inotify.max_user_watches)")
        # It has gone, or must not be read: the next look at the tree will tell.

    def changes(self) -> "tuple[set[str], bool]":
        """Return the paths that may have changed, and whether folders did, so that the tree has to be looked at anew."""
        names: set[str] = set()
        tree = False
        while True:
            try:
                data = os.read(self.descriptor, _BUFFER_BYTES)
            except BlockingIOError:
                return names, tree
            at = 0
            while at < len(data):
                number, mask, _, length = _HEAD.unpack_from(data, at)
                at += _HEAD.size
                name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
                at += length
                folder = self._folders.get(number)
                if mask & _IGNORED and folder is not None:
                    # The kernel has let go of it; a folder of that name that comes later is another one.
                    self._folders.pop(number, None)
                    self._numbers.pop(folder, None)
                if mask & _ISDIR and name and folder is not None:
                    self._forget(f"{folder}{name}/")
                tree = tree or bool(mask & _TREE)
                if name and folder is not None:
                    names.add(f"{folder}{name}")

    def _forget(self, gone: str) -> None:
        """Let go of a folder that came or went, and of all below: what has its name now is another one."""
        for folder in [known for known in self._numbers if known.startswith(gone)]:
            number = self._numbers.pop(folder)
            self._folders.pop(number, None)
            self._library.inotify_rm_watch(self.descriptor, number)

    def close(self) -> None:
        """Let go of everything."""
        os.close(self.descriptor)
