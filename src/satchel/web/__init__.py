"""What shows a running node to others: now the control API on its local socket (docs/spec/api.md)."""
