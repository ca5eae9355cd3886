"""Homes and small files on this machine's disk, for every driver that keeps them there."""
