"""Two people who stand beside each other, and a code of a number and three words said aloud.

`code` is what they say, `words` the list; `exchange` the bytes of the CPace exchange; `host` shows the
code and counts guesses; `typist` takes it. Spec: docs/spec/code-and-rendezvous.md, sections 2, 5 to 7.
"""
