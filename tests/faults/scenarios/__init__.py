"""One function for each fault: it does it to a stage under load, and returns the report that it has printed."""
