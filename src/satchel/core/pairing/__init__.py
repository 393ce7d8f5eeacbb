"""Two people who stand beside each other, and what one shows or says to the other.

By code: `code` is what they say, `words` the list; `exchange` the bytes of the CPace exchange; `host` shows
the code and counts guesses; `typist` takes it. Spec: docs/spec/code-and-rendezvous.md, sections 2, 5 to 7.

To become contacts, after that or by a picture: `picture` is what a camera sees, `picture_host` shows it;
`keys` are drawn, `agreement` makes the secret of them, `card` is what each tells; `hosting` and `taking` are
the two sides, `effects` what they ask of the node. Spec: docs/spec/pairing.md.
"""
