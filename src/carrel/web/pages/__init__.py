"""What people see: plain pages over the services, rendered here and working without JavaScript."""
