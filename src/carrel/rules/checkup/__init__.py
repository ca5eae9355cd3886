"""What `carrel doctor` concludes from facts: one small function per finding, by subject. Looks at nothing itself."""
