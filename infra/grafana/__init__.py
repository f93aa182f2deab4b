"""What SREs look at in Grafana: seven boards, each a short list of panels, drawn as the JSON that Grafana reads.

`boards/` says what is looked at, `asking.py` how Prometheus is asked for it, `drawing.py` what Grafana has to be told.
`python -m infra.grafana` draws them all into `dashboards/`; `provisioning/` is what a Grafana is started with.
"""
