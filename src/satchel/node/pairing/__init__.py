"""Making two devices contacts: what core/pairing decides, carried out. Spec: docs/spec/pairing.md."""
