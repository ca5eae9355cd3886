"""`carrel doctor`: gathers facts about this machine and what runs on it, thinly, and hands them to rules/checkup. Changes nothing."""
