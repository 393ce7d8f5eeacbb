"""What the library's things are called in the folder of a profile: no name says anything (profile 5.4)."""

CATALOGUE = "rows"
NEXT = "rows.next"  # the same, under another key, until it takes its place
FILES = "files"
INDEX = "sums"
FOLDERS = (FILES, INDEX)
