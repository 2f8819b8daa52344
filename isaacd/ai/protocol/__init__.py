"""What providers say on the wire, as plain values: bodies of requests and readers of answers, with no I/O."""
