"""What can be seen of a call from outside: its timeline and its log."""
