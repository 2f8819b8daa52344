"""Plans: what would be run for a line, agreed to by a person, and handed to the client to be carried out."""
