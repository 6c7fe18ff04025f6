"""Two records -> changes; pure."""
