"""Prefect flows: the table of contents of the product."""

from tasks.discreet_logs import keep_credentials_out_of_logs

# Here, because every way into a flow passes: the command line, a worker, a served deployment.
keep_credentials_out_of_logs()
