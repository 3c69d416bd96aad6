"""Compiled functions, kept on disk where there is a place for them."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(parallel: bool = False, fastmath: bool = False) -> Callable[[Function], Function]:
    """Compile a function by numba, to run without the interpreter's lock.

    What is compiled is kept beside the code or in the user's cache, or, where neither can be written, in
    memory alone.

    Parameters
    ----------
    parallel : bool
        Whether ``numba.prange`` goes to several threads.
    fastmath : bool
        Whether sums may be taken in another order.
    """

    def compiling(function: Function) -> Function:
        jit: Any = numba.njit
        options = {"nogil": True, "parallel": parallel, "fastmath": fastmath}
        try:
            made: Function = jit(cache=True, **options)(function)
        except RuntimeError:  # numba finds no directory that it can write to
            made = jit(**options)(function)
        return made

    return compiling
