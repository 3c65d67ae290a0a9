"""Exception groups, read: a nursery wraps even a single error, a person wants the error itself."""

from __future__ import annotations


def first_error(error: BaseException) -> BaseException:
    """The first error that is no group: what an operator is told in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
