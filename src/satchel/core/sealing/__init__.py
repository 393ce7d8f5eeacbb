"""Letters, sealed so that who carries them knows neither from whom they are, nor to whom, nor what (C1, C2).

`chain` has a key and a tag for each bundle that we write to a contact, `listening` those that we wait for,
`table` says at once whose tag it is, `seal` makes a bundle and opens it. `letter` is what a person wrote,
`parts` how a long one is spread over bundles. Stores nothing: what to store and to erase is a value.
Spec: docs/spec/chain.md, bundle.md, letter.md.
"""
