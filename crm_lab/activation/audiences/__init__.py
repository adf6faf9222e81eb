"""Which customers does a tool that sends get, and who stays out?"""
