"""What a watcher makes of two recordings: whether they are of one device (W1). See docs/watcher.md."""
