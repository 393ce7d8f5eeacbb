// In place of what old browsers would need: those that show a book have it.
