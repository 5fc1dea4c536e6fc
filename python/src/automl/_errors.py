"""What can go wrong, said with what would be right. Each is called ``automl.NAME``, which tracebacks say, too."""


class AutomlError(Exception):
    """Something that automl was asked for cannot be."""


class ParameterError(AutomlError, ValueError):
    """A parameter that the study has not, or a range or a list of choices that is none."""


class UnknownParameter(ParameterError, KeyError):
    """A parameter that the trial has not, asked of its ``params``."""

    __str__ = Exception.__str__  # that of KeyError shows the text as a literal


class FoldsError(AutomlError, ValueError):
    """Rows that cannot be dealt to folds, or that give other folds than the study's."""


class ProtocolError(AutomlError):
    """The runner does not answer, or refused what it was sent."""


for _error in (AutomlError, ParameterError, UnknownParameter, FoldsError, ProtocolError):
    _error.__module__ = __package__
