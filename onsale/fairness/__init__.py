"""After the sale: was it fair? A report from what the waiting room has kept, for people (HTML) and programs (JSON)."""
