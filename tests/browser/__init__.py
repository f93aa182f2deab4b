"""The pages in a real Chromium, on a real installation. `make browser` runs them; `make test` passes them over."""
