"""Facts and rules: pure values and functions, no input or output, no clock."""
