"""Every figure, drawn from tables and recordings that are made elsewhere."""
