"""The errors that carry a sentence for the reader; everything else that is raised is a bug.

ParleyError
├── UserError   what was asked cannot be done as asked (a name, a window, a command, a setting)
│   └── NotDrawnError   a chart broke while it was drawn: the numbers stand without it
└── DataError   the log, the labels or the model card cannot be used as they are
    └── NoRowsError   the log has rows, but none in the window that was asked for
"""


class ParleyError(Exception):
    """An error whose text is written for the person who asked: what is wrong, and what to do next."""


class UserError(ParleyError):
    """What was asked cannot be done as asked."""


class NotDrawnError(UserError):
    """A chart broke while it was drawn: the numbers stand without it."""


class DataError(ParleyError):
    """The data or the model card cannot be used as they are."""


class NoRowsError(DataError):
    """The log has rows, but none in the window that was asked for: nothing is wrong but the question."""
