"""People's files: mounted into containers that run, or volumes that containers start with."""
