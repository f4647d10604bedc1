from analysis.summaries.keys import Floats, Ints

def ends(values: Floats, sums: Floats, /) -> tuple[float, float]: ...
def count(
    values: Floats,
    lanes: Ints | None,
    shift: int,
    first: int,
    low: int,
    mean: float,
    bins: int,
    counts: Ints,
    squares: Floats,
    /,
) -> None: ...
