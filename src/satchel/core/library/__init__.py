"""Books as a library keeps and shares them: what one is, and how a shelf seals it.

`item` is what is known of a book and which one it is, `codec` its record as bytes, `languages` the tags of
languages. `sealed` turns content into the bytes that all holders of a shelf serve alike, `manifest` names
them. Only who has a shelf's secret can say which book lies behind an address. Stores nothing. Spec:
docs/spec/library.md.
"""
