"""Capture and store -> a backup, if something changed."""
