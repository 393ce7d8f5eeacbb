"""Text that comes from outside, such as a name of a file, as a database takes it."""


def storable(text: str) -> str:
    """What is no Unicode, as in a name that is no UTF-8, is written out as an escape."""
    return text.encode(errors="backslashreplace").decode()
