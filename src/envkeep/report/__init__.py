"""Results as text or JSON: the only place that prints."""
