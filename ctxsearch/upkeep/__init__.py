"""What keeps an index in order for years: documents taken out, shards joined, damage found and mended, backups."""
