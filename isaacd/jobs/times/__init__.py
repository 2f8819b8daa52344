"""When something is due: rules, the zones they are about, and the words that people write them with. No I/O but zone files."""
