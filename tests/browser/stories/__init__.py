"""What people do with the pages. Told only by `python -m tests.browser`, which finds the browser first."""
