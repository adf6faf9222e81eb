"""How large and how long must a test be, and what was decided beforehand."""
