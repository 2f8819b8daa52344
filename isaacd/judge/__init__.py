"""How dangerous a line is: rules that are data, and a judge that knows where it would run."""
