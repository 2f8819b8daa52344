"""What was typed in shells: kept, searched, counted, forgotten."""
