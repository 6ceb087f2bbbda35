"""The one base of what this package refuses: `except parasol.ParasolError` catches every error that is its own."""


class ParasolError(ValueError):
    """Something given cannot be used: a picture, a file, a model, or a choice. One line: value, rule and way out.

    It is a ValueError, which is all that it was before there was this base. What the system refuses stays an OSError.
    """
