"""Places of a book that are numbers."""


def numbered(path: str, folder: str, count: int) -> int | None:
    """The N of `FOLDER/N`, 1 to `count`; None: it is another path."""
    before, _, number = path.partition("/")
    if before != folder or not (number.isascii() and number.isdigit()) or len(number) > 9:
        return None
    return int(number) if 1 <= int(number) <= count and number[0] != "0" else None
