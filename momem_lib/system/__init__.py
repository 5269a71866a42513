"""The memory, the gates, and the four modules in a row."""
