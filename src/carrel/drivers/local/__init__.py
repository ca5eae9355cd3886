"""Workspaces as processes of this machine and this user: one trust domain. Linux only, for everything is found through /proc."""
