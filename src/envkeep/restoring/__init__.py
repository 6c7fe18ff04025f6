"""Plan, engine and verification -> an environment again."""
