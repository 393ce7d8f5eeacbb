"""Programs that run inside hosts of the laboratory: limits, peers, what measures and what disturbs."""
