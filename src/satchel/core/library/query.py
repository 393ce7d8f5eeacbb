"""What a person looks for."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that all have to stand in one passage; each is a phrase of folded words."""

    terms: tuple[tuple[str, ...], ...] = field(repr=False)
    is_prefix: bool = True  # the last word may be the beginning of one
