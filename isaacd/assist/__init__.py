"""What commands share that have a model help: what is sent and what not, answers of a form, and diffs."""
