"""What tests lay around a process of the program to see what it does."""
