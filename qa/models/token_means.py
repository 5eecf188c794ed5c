"""A text as a model saw it, token by token, and the means over some of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class TokenStates(NamedTuple):
    """`states` (tokens, dimension); `places` (tokens, 2): character ranges, empty for `<s>`."""

    states: Vectors
    places: NDArray[Any]

    def pooled(self, ranges: Sequence[tuple[int, int]] = ()) -> Vectors:
        """The mean of all tokens, then of those that touch each character range; unit rows.

        A range without tokens gets the mean of all.
        """
        import numpy as np

        starts, ends = self.places.T
        rows = [self.states.mean(axis=0)]
        for a, z in ranges:
            inside = (ends > a) & (starts < z) & (ends > starts)
            rows.append(self.states[inside].mean(axis=0) if inside.any() else rows[0])
        vectors = np.stack(rows)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit
