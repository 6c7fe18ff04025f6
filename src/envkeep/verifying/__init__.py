"""A rebuilt prefix held against its record, package by package."""
