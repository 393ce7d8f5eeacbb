"""Putting books into the library, and looking after those that are there.

Foreign bytes are read, sealed and handed to a limited process; nothing here parses them (B1). No log says
which book was put in, looked for or taken out.
"""
