"""Way 2: how parameters are learnt step by step."""
