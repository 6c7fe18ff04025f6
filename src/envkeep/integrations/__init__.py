"""Other programs' ways of calling envkeep."""
