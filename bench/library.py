"""The benchmark `library`: books put in, found, and served to a crowd, beside other servers."""

from bench.libraries.adding import add
from bench.libraries.finding import search
from bench.libraries.serving import bytes_of, crowd, feeds
from bench.running import Scenario

ABOUT = "books: put in, found, and served to a crowd, beside copyparty and kiwix-serve on the same files"
SCENARIOS: dict[str, Scenario] = {
    "add": add,
    "search": search,
    "crowd": crowd,
    "feeds": feeds,
    "bytes": bytes_of,
}
