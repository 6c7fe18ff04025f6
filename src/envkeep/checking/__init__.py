"""What in an environment could not be rebuilt."""
