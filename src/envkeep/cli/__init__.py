"""One file per verb: parse, call, hand the result to report."""
