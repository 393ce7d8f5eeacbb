"""Opens: looks into books, which may be hostile (B1), in processes that can do nothing else."""
