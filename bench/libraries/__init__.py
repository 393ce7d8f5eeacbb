"""What the benchmark `library` consists of."""
