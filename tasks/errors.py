"""The error of a pipeline step that a person can act on."""


class MillError(RuntimeError):
    """Something outside the code stops the work. The message is one line: what, where, way out."""
