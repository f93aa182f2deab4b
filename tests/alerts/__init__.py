"""What is watched in a sale, held against a real Prometheus: rules, the boards' panels, alerts that faults raise."""
