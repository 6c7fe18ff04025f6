"""Where backups live: files, lookup, retention, configuration."""
